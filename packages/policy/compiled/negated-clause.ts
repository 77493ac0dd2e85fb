import type { Clause } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { coversPattern } from "../pattern/cover.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { coversOneOf, listOverlapping, overlapsNone } from "../pattern/pattern-index.ts";
import { noteWork } from "../support/step-budget.ts";
import { coversPrincipal, overlapsPrincipal } from "../syntax/principal.ts";
import type { CompiledStatement } from "./statement.ts";

/** What one entry of a clause selects: all that `selector` matches, without what one of `except` matches. */
export interface Entry<Selector> {
  readonly selector: Selector;
  /** The entries of NotAction, NotResource or NotPrincipal; otherwise empty. */
  readonly except: readonly Selector[];
}

/** The relations between selectors of one kind: patterns or principals. */
export interface SelectorRelations<Selector> {
  /** True only if `wide` matches everything that `narrow` matches. */
  covers(wide: Selector, narrow: Selector): boolean;
  /** True only if one selector of a list covers `narrow`. */
  coversOneOf(list: readonly Selector[], narrow: Selector): boolean;
  /** True only if no selector of a list overlaps with `other`. */
  overlapsNone(list: readonly Selector[], other: Selector): boolean;
  /** Returns the selectors of a list that may overlap with `other`. */
  listOverlapping(list: readonly Selector[], other: Selector): readonly Selector[];
}

/** The relations between patterns of actions or of resources. */
export const patternRelations: SelectorRelations<Pattern> = {
  covers: coversPattern,
  coversOneOf,
  overlapsNone: overlapsNone,
  listOverlapping: listOverlapping,
};

/** The relations between principals. */
export const principalRelations: SelectorRelations<PolicyPrincipal> = {
  covers: coversPrincipal,
  coversOneOf: (list, narrow) => list.some((wide) => coversPrincipal(wide, narrow)),
  overlapsNone: (list, other) => !list.some((one) => overlapsPrincipal(one, other)),
  listOverlapping: (list, other) => list.filter((one) => overlapsPrincipal(one, other)),
};

/** Returns the entries of a clause. A negated clause has one entry: `whole`, without the entries that it excludes. */
export function listEntries<Selector>(clause: Clause<Selector>, whole: Selector): readonly Entry<Selector>[] {
  if (clause.negated) return [{ selector: whole, except: clause.entries }];
  return clause.entries.map((selector) => ({ selector, except: [] }));
}

/**
 * Returns true only if a clause selects everything that an entry selects. A statement without the element (`clause` is
 * undefined) selects everything; one with it selects no request without the element (`entry` is undefined).
 */
export function coversEntry<Selector>(
  clause: Clause<Selector> | undefined,
  entry: Entry<Selector> | undefined,
  relations: SelectorRelations<Selector>,
): boolean {
  if (!clause || !entry) return !clause;
  const { negated, entries } = clause;
  const { selector, except } = entry;
  if (!negated) return relations.coversOneOf(entries, selector);
  return relations
    .listOverlapping(entries, selector)
    .every((excluded) => relations.coversOneOf(except, excluded));
}

/** Returns true only if a clause selects nothing that an entry selects; false if one of them is undefined. */
export function missesEntry<Selector>(
  clause: Clause<Selector> | undefined,
  entry: Entry<Selector> | undefined,
  relations: SelectorRelations<Selector>,
): boolean {
  if (!clause || !entry) return false;
  const { negated, entries } = clause;
  const { selector, except } = entry;
  if (negated) return relations.coversOneOf(entries, selector);
  if (except.length === 0) return relations.overlapsNone(entries, selector);
  return relations.listOverlapping(entries, selector).every((near) => relations.coversOneOf(except, near));
}

/** Returns true only if the conditions of `wide` hold for every request for which those of `narrow` hold. */
export function impliesConditions(narrow: CompiledStatement, wide: CompiledStatement): boolean {
  if (wide.conditions.length > narrow.conditions.length) return false;
  noteWork(narrow.conditions.length * wide.conditions.length);
  return wide.conditions.every(({ text }) => narrow.conditions.some((own) => own.text === text));
}
