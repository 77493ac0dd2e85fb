import { type AtomList, type Cell, coversCell, missesCell } from "../compiled/cell.ts";
import type { Question } from "../compiled/question.ts";
import { type CompiledStatement, makeEverything } from "../compiled/statement.ts";
import { makeSeparator, type SearchSettings } from "../search/witness.ts";

/** Whether all of a cell is left, as far as can be told: no request in it is taken away or held back. */
export function isWhollyLeft(
  cell: Cell,
  from: CompiledStatement,
  { left, right }: Question,
  settings: SearchSettings,
): boolean {
  const meets = (statement: CompiledStatement) =>
    !missesCell(statement, cell) && !isExcepted(cell, [...from.conditions, ...statement.conditions]);
  const isSpared = right.denies.some(
    (deny) => deny.ambiguity === undefined && deny.conditions.length === 0 && coversCell(deny, cell),
  );
  // Everything is taken but what is spared: so a request is found where the cell meets one of the statements.
  const isApart = (statements: readonly CompiledStatement[], unless: readonly CompiledStatement[]) => {
    const met = statements.filter(meets);
    const sought = { left: { denies: unless }, right: { allows: [makeEverything([])], denies: met } };
    return met.length === 0 || makeSeparator(sought, settings)(cell, from).kind === "covered";
  };
  return (isSpared || isApart(right.allows, right.denies)) && isApart(left.denies, []);
}

/** Whether a cell leaves out whatever meets some conditions. */
function isExcepted({ exceptConditions = [] }: Cell, conditions: AtomList): boolean {
  return exceptConditions.some((list) =>
    list.every(({ text }) => conditions.some((condition) => condition.text === text)),
  );
}
