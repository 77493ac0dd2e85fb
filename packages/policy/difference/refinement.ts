import { type Combination, missesCombination } from "../compiled/combination.ts";
import {
  type Entry,
  patternRelations,
  principalRelations,
  type SelectorRelations,
} from "../compiled/negated-clause.ts";
import type { CombinationVerdict, Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Clause } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { principalText } from "../syntax/canonical.ts";
import { exceptConditions, narrowToConditions, type RefinementChecks } from "./condition-refinement.ts";
import { type Gap, keepGaps, markPartly } from "./gap.ts";

/** One dimension of combinations and statements: action, resource or principal. */
interface Dimension<Selector> {
  readonly relations: SelectorRelations<Selector>;
  read(combination: Combination): Entry<Selector> | undefined;
  write(combination: Combination, entry: Entry<Selector>): Combination;
  clause(statement: CompiledStatement): Clause<Selector> | undefined;
  print(selector: Selector): string;
  /** Whether a selector matches a single value, so that it has no parts. */
  isSingle(selector: Selector): boolean;
}

const patterns: Pick<Dimension<Pattern>, "relations" | "print" | "isSingle"> = {
  relations: patternRelations,
  print: ({ text }) => text,
  isSingle: ({ literal }) => literal !== undefined,
};

const actions: Dimension<Pattern> = {
  ...patterns,
  read: ({ action }) => action,
  write: (combination, action) => ({ ...combination, action }),
  clause: ({ actions: clause }) => clause,
};

const resources: Dimension<Pattern> = {
  ...patterns,
  read: ({ resource }) => resource,
  write: (combination, resource) => ({ ...combination, resource }),
  clause: ({ resources: clause }) => clause,
};

const principals: Dimension<PolicyPrincipal> = {
  relations: principalRelations,
  read: ({ principal }) => principal,
  write: (combination, principal) => ({ ...combination, principal }),
  clause: ({ principals: clause }) => clause,
  print: principalText,
  isSingle: ({ type, id }) => type !== "AWS" && id !== "*",
};

/** Cap on the parts and exceptions of one gap; a gap with more of them is reported whole and marked `partly`. */
const maxParts = 200;

/**
 * Refines a gap to exactly what the right side does not cover. First narrows it down, dimension by dimension, to parts
 * that hold everything uncovered; then excepts what the right side covers. Gaps that may still hold covered requests
 * are marked `partly`.
 */
export function refine(
  gap: Gap,
  from: CompiledStatement,
  question: Question,
  checks: RefinementChecks & { readonly isWhole: (combination: Combination, near: Question) => boolean },
): readonly Gap[] {
  const { decide } = checks;
  const near = keepTouching(question, gap.combination);
  if (near.right.allows.length + near.left.denies.length + near.right.denies.length === 0) return [gap];
  return [gap]
    .flatMap((one) => narrow(one, near, actions, decide))
    .flatMap((one) => narrow(one, near, resources, decide))
    .flatMap((one) => narrow(one, near, principals, decide))
    .flatMap((one) => narrowToConditions(one, from, near, checks))
    .map((one) => except(one, near, actions, decide))
    .map((one) => except(one, near, resources, decide))
    .map((one) => except(one, near, principals, decide))
    .map((one) => exceptConditions(one, from, near, checks))
    .map((one) => (one.combination.partly || checks.isWhole(one.combination, near) ? one : markPartly(one)));
}

/** The question without the statements that miss a combination, and so miss all of its parts. */
function keepTouching({ left, right }: Question, combination: Combination): Question {
  const keep = (statements: readonly CompiledStatement[]) =>
    statements.filter((statement) => !missesCombination(statement, combination));
  return {
    left: { allows: left.allows, denies: keep(left.denies) },
    right: { allows: keep(right.allows), denies: keep(right.denies) },
  };
}

/** Narrows a gap to the entries of one dimension that the right side denies or does not allow, if nothing else is left. */
function narrow<Selector>(
  gap: Gap,
  { right }: Question,
  dimension: Dimension<Selector>,
  decide: (combination: Combination) => CombinationVerdict,
): readonly Gap[] {
  const { combination } = gap;
  const entry = dimension.read(combination);
  if (!entry) return [gap];
  const parts = [
    ...listParts(combination, entry, right.denies, dimension, { negated: false, overlapping: false }),
    ...listParts(combination, entry, right.allows, dimension, { negated: true, overlapping: false }),
  ];
  if (parts.length === 0) return [gap];
  const rest = dimension.write(combination, { ...entry, except: [...entry.except, ...parts] });
  if (decide(rest).kind !== "covered") return [gap];
  if (parts.length > maxParts) return [markPartly(gap)];
  return keepGaps(
    gap,
    parts.map((selector) => dimension.write(combination, cutEntry(entry, selector, dimension))),
    decide,
  );
}

/** Excepts from a gap the entries of one dimension that are covered whole. */
function except<Selector>(
  gap: Gap,
  { left, right }: Question,
  dimension: Dimension<Selector>,
  decide: (combination: Combination) => CombinationVerdict,
): Gap {
  const { combination } = gap;
  const entry = dimension.read(combination);
  if (!entry) return gap;
  const statements = [...right.allows, ...left.denies];
  // An entry that only overlaps is excepted as it is written: `s3:Get*` except `s3:*Object`.
  const parts = listParts(combination, entry, statements, dimension, {
    negated: false,
    overlapping: true,
  });
  if (parts.length > maxParts) return markPartly(gap);
  const exceptions = [...entry.except];
  for (const selector of parts) {
    if (exceptions.some((wide) => dimension.relations.covers(wide, selector))) continue;
    const part = dimension.write(combination, cutEntry(entry, selector, dimension));
    if (decide(part).kind === "covered") exceptions.push(selector);
  }
  if (exceptions.length === entry.except.length) return gap;
  return { ...gap, combination: dimension.write(combination, { ...entry, except: exceptions }) };
}

/** The part of an entry that a selector matches, with those exceptions of the entry that touch it. */
function cutEntry<Selector>(
  { except }: Entry<Selector>,
  selector: Selector,
  { relations }: Dimension<Selector>,
): Entry<Selector> {
  return { selector, except: relations.listOverlapping(except, selector) };
}

/**
 * Lists the entries of the statements' clauses (only negated, or only positive ones) that are part of an entry; with
 * `overlapping`, also those that are so only in part. The entries with the shortest texts come first.
 */
function listParts<Selector>(
  combination: Combination,
  { selector, except }: Entry<Selector>,
  statements: readonly CompiledStatement[],
  { relations: { covers, overlapsNone }, isSingle, clause, print }: Dimension<Selector>,
  { negated, overlapping }: { readonly negated: boolean; readonly overlapping: boolean },
): readonly Selector[] {
  const parts = new Map<string, Selector>();
  if (isSingle(selector)) return [];
  for (const statement of statements) {
    const own = clause(statement);
    if (own?.negated !== negated || missesCombination(statement, combination)) continue;
    for (const part of own.entries) {
      if (covers(part, selector) || except.some((wide) => covers(wide, part))) continue;
      if (covers(selector, part) || (overlapping && !overlapsNone([part], selector)))
        parts.set(print(part), part);
    }
  }
  return [...parts].sort(([one], [other]) => one.length - other.length).map(([, part]) => part);
}
