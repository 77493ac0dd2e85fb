import {
  type Combination,
  type ConditionList,
  coversCombination,
  missesCombination,
} from "../compiled/combination.ts";
import type { Question } from "../compiled/question.ts";
import { type CompiledStatement, makeCatchAll } from "../compiled/statement.ts";
import { createWitnessSearch, type SearchSettings } from "../search/witness.ts";

/** Whether all of a cell is left, as far as can be told: no request in it is taken away or held back. */
export function isWhollyLeft(
  cell: Combination,
  from: CompiledStatement,
  { left, right }: Question,
  settings: SearchSettings,
): boolean {
  const meets = (statement: CompiledStatement) =>
    !missesCombination(statement, cell) && !isExcepted(cell, [...from.conditions, ...statement.conditions]);
  const isSpared = right.denies.some(
    (deny) => deny.ambiguity === undefined && deny.conditions.length === 0 && coversCombination(deny, cell),
  );
  // Everything is taken but what is spared: so a request is found where the cell meets one of the statements.
  const isApart = (statements: readonly CompiledStatement[], unless: readonly CompiledStatement[]) => {
    const met = statements.filter(meets);
    const sought = { left: { denies: unless }, right: { allows: [makeCatchAll([])], denies: met } };
    return met.length === 0 || createWitnessSearch(sought, settings)(cell, from).kind === "covered";
  };
  return (isSpared || isApart(right.allows, right.denies)) && isApart(left.denies, []);
}

/** Whether a cell leaves out whatever meets some conditions. */
function isExcepted({ exceptConditions = [] }: Combination, conditions: ConditionList): boolean {
  return exceptConditions.some((list) =>
    list.every(({ text }) => conditions.some((condition) => condition.text === text)),
  );
}
