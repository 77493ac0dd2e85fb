import {
  type Combination,
  type ConditionList,
  coversCombination,
  missesCombination,
} from "../compiled/combination.ts";
import type { Question } from "../compiled/question.ts";
import { type CompiledStatement, makeCatchAll } from "../compiled/statement.ts";
import { createWitnessSearch, type SearchSettings } from "../search/witness.ts";

/**
 * Whether every request of a combination is a difference: the left side allows it and the right side does not. Certain
 * when true.
 */
export function isWhollyUncovered(
  combination: Combination,
  from: CompiledStatement,
  { left, right }: Question,
  settings: SearchSettings,
): boolean {
  const touches = (statement: CompiledStatement) =>
    !missesCombination(statement, combination) &&
    !isExcepted(combination, [...from.conditions, ...statement.conditions]);
  const isDenied = right.denies.some(
    (deny) => !deny.ambiguity && deny.conditions.length === 0 && coversCombination(deny, combination),
  );
  // Searches for a request that one of `statements` matches and no statement of `unless` does. As a question: the left
  // side denies what `unless` matches, the right side allows everything except what `statements` match.
  const matchNothing = (statements: readonly CompiledStatement[], unless: readonly CompiledStatement[]) => {
    const touching = statements.filter(touches);
    if (touching.length === 0) return true;
    const question = { left: { denies: unless }, right: { allows: [makeCatchAll([])], denies: touching } };
    return createWitnessSearch(question, settings)(combination, from).kind === "covered";
  };
  return (isDenied || matchNothing(right.allows, right.denies)) && matchNothing(left.denies, []);
}

/** Whether a combination leaves out all requests that meet some conditions. */
function isExcepted({ exceptConditions = [] }: Combination, conditions: ConditionList): boolean {
  return exceptConditions.some((list) =>
    list.every(({ text }) => conditions.some((condition) => condition.text === text)),
  );
}
