import {
  type Combination,
  type ConditionList,
  coversCombination,
  missesCombination,
} from "../compiled/combination.ts";
import type { CombinationVerdict, Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import { type Gap, keepGaps } from "./gap.ts";

/** Cap on the lists of conditions that are tried; a gap with more of them is not refined by conditions. */
const maxAlternatives = 50;

/** The checks that refining a gap asks. */
export interface RefinementChecks {
  readonly decide: (combination: Combination) => CombinationVerdict;
  /** Whether the gap's own statement allows no request of a combination. */
  readonly isEmpty: (combination: Combination) => boolean;
}

/**
 * Narrows a gap down to the conditions under which the right side denies, if nothing else of it is uncovered (for
 * example a Deny that holds without MFA).
 */
export function narrowToConditions(
  gap: Gap,
  from: CompiledStatement,
  { right }: Question,
  { decide }: RefinementChecks,
): readonly Gap[] {
  const { combination } = gap;
  const alternatives = listOpenConditions(combination, from, right.denies);
  if (alternatives.length === 0 || alternatives.length > maxAlternatives) return [gap];
  const rest = {
    ...combination,
    exceptConditions: [...(combination.exceptConditions ?? []), ...alternatives],
  };
  if (decide(rest).kind !== "covered") return [gap];
  return keepGaps(
    gap,
    alternatives.map((conditions) => addConditions(combination, conditions)),
    decide,
  );
}

/** Excepts from a gap the conditions under which the right side allows, or the left side denies, all of it. */
export function exceptConditions(
  gap: Gap,
  from: CompiledStatement,
  { left, right }: Question,
  { decide, isEmpty }: RefinementChecks,
): Gap {
  const { combination } = gap;
  const alternatives = listOpenConditions(combination, from, [...right.allows, ...left.denies]);
  if (alternatives.length > maxAlternatives) return gap;
  const covered = alternatives.filter((conditions) => {
    const part = addConditions(combination, conditions);
    // If the right side denies nothing, the statement that the conditions come from covers the part.
    return (right.denies.length === 0 || decide(part).kind === "covered") && !isEmpty(part);
  });
  if (covered.length === 0) return gap;
  return {
    ...gap,
    combination: { ...combination, exceptConditions: [...(combination.exceptConditions ?? []), ...covered] },
  };
}

function addConditions(combination: Combination, conditions: ConditionList): Combination {
  return { ...combination, conditions: [...(combination.conditions ?? []), ...conditions] };
}

/**
 * For each statement that covers a combination but for its conditions: the conditions that the combination does not
 * already require. Each list once, the shortest first.
 */
function listOpenConditions(
  combination: Combination,
  from: CompiledStatement,
  statements: readonly CompiledStatement[],
): readonly ConditionList[] {
  const required = new Set([...from.conditions, ...(combination.conditions ?? [])].map(({ text }) => text));
  const lists = new Map<string, ConditionList>();
  for (const statement of statements) {
    if (statement.conditions.length === 0 || statement.ambiguity) continue;
    if (missesCombination(statement, combination) || !coversCombination(statement, combination)) continue;
    const open = statement.conditions.filter(({ text }) => !required.has(text));
    if (open.length > 0) lists.set(conditionsText(open), open);
  }
  return [...lists.values()].sort((one, other) => one.length - other.length);
}

/** A list of conditions as one text; the same text for any order. */
export function conditionsText(conditions: ConditionList): string {
  return conditions
    .map(({ text }) => text)
    .sort()
    .join("\n");
}
