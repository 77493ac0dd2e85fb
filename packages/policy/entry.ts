import type { Clause } from "./document.ts";
import type { PolicyPrincipal } from "./grant.ts";
import { areDisjoint, coversPattern, type Pattern } from "./pattern.ts";
import { coversPrincipal } from "./principal.ts";
import type { CompiledStatement } from "./statement.ts";

/** One entry of a clause: what it selects, but for what the clause leaves out (NotAction and its kin). */
export interface Entry<Selector> {
  readonly selector: Selector;
  readonly except: readonly Selector[];
}

/** How the selectors of one dimension relate. */
export interface Relations<Selector> {
  /** Certain when true. */
  covers(wide: Selector, narrow: Selector): boolean;
  /** Certain when true. */
  disjoint(one: Selector, other: Selector): boolean;
}

/** Actions and resources. */
export const patternRelations: Relations<Pattern> = { covers: coversPattern, disjoint: areDisjoint };

/** Principals. */
export const principalRelations: Relations<PolicyPrincipal> = {
  covers: coversPrincipal,
  disjoint: (one, other) => !coversPrincipal(one, other) && !coversPrincipal(other, one),
};

/** The entries of a clause; one whole, without what is left out, where the clause is a negated one. */
export function listEntries<Selector>(clause: Clause<Selector>, whole: Selector): readonly Entry<Selector>[] {
  if (clause.negated) return [{ selector: whole, except: clause.entries }];
  return clause.entries.map((selector) => ({ selector, except: [] }));
}

/** Whether a clause selects all that an entry does; certain when true. */
export function coversEntry<Selector>(
  clause: Clause<Selector>,
  { selector, except }: Entry<Selector>,
  { covers, disjoint }: Relations<Selector>,
): boolean {
  if (!clause.negated) return clause.entries.some((wide) => covers(wide, selector));
  return clause.entries.every(
    (excluded) => disjoint(excluded, selector) || except.some((wide) => covers(wide, excluded)),
  );
}

/** Whether a clause selects nothing of what an entry does; certain when true. */
export function missesEntry<Selector>(
  clause: Clause<Selector>,
  { selector, except }: Entry<Selector>,
  { covers, disjoint }: Relations<Selector>,
): boolean {
  if (clause.negated) return clause.entries.some((excluded) => covers(excluded, selector));
  return clause.entries.every(
    (other) => disjoint(other, selector) || except.some((excluded) => covers(excluded, other)),
  );
}

/** Whether whatever makes the conditions of one statement hold makes those of the other hold; certain when true. */
export function impliesConditions(narrow: CompiledStatement, wide: CompiledStatement): boolean {
  return wide.conditions.every(({ text }) => narrow.conditions.some((own) => own.text === text));
}
