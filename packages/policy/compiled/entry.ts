import type { Clause } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { coversPattern } from "../pattern/cover.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { areApart, coversOneOf, listNear } from "../pattern/pattern-index.ts";
import { noteWork } from "../support/budget.ts";
import { coversPrincipal, meetsPrincipal } from "../syntax/principal.ts";
import type { CompiledStatement } from "./statement.ts";

/** One entry of a clause: what it selects, but for what the clause leaves out (NotAction and its kin). */
export interface Entry<Selector> {
  readonly selector: Selector;
  readonly except: readonly Selector[];
}

/** How the selectors of one dimension relate. */
export interface SelectorRelations<Selector> {
  /** Certain when true. */
  covers(wide: Selector, narrow: Selector): boolean;
  /** Whether one of a list covers a selector; certain when true. */
  coversOneOf(list: readonly Selector[], narrow: Selector): boolean;
  /** Whether none of a list has anything in common with a selector; certain when true. */
  areApart(list: readonly Selector[], other: Selector): boolean;
  /** Those of a list that may have something in common with a selector. */
  listNear(list: readonly Selector[], other: Selector): readonly Selector[];
}

/** Actions and resources. */
export const patternRelations: SelectorRelations<Pattern> = {
  covers: coversPattern,
  coversOneOf,
  areApart,
  listNear,
};

/** Principals. */
export const principalRelations: SelectorRelations<PolicyPrincipal> = {
  covers: coversPrincipal,
  coversOneOf: (list, narrow) => list.some((wide) => coversPrincipal(wide, narrow)),
  areApart: (list, other) => !list.some((one) => meetsPrincipal(one, other)),
  listNear: (list, other) => list.filter((one) => meetsPrincipal(one, other)),
};

/** The entries of a clause; one whole, without what is left out, where the clause is a negated one. */
export function listEntries<Selector>(clause: Clause<Selector>, whole: Selector): readonly Entry<Selector>[] {
  if (clause.negated) return [{ selector: whole, except: clause.entries }];
  return clause.entries.map((selector) => ({ selector, except: [] }));
}

/** Whether a clause selects all that an entry does; certain when true. */
export function coversEntry<Selector>(
  { negated, entries }: Clause<Selector>,
  { selector, except }: Entry<Selector>,
  relations: SelectorRelations<Selector>,
): boolean {
  if (!negated) return relations.coversOneOf(entries, selector);
  return relations.listNear(entries, selector).every((excluded) => relations.coversOneOf(except, excluded));
}

/** Whether a clause selects nothing of what an entry does; certain when true. */
export function missesEntry<Selector>(
  { negated, entries }: Clause<Selector>,
  { selector, except }: Entry<Selector>,
  relations: SelectorRelations<Selector>,
): boolean {
  if (negated) return relations.coversOneOf(entries, selector);
  if (except.length === 0) return relations.areApart(entries, selector);
  return relations.listNear(entries, selector).every((near) => relations.coversOneOf(except, near));
}

/** Whether whatever makes the conditions of one statement hold makes those of the other hold; certain when true. */
export function impliesConditions(narrow: CompiledStatement, wide: CompiledStatement): boolean {
  if (wide.conditions.length > narrow.conditions.length) return false;
  noteWork(narrow.conditions.length * wide.conditions.length);
  return wide.conditions.every(({ text }) => narrow.conditions.some((own) => own.text === text));
}
