import { type AtomList, type Cell, coversCell, missesCell } from "../compiled/cell.ts";
import { type CompiledStatement, makeEverything } from "../compiled/statement.ts";
import { makeSeparator, type SearchSettings } from "../search/witness.ts";
import type { Subtraction } from "./subtract.ts";

/** Whether all of a cell is left, as far as can be told: no request in it is taken away or held back. */
export function isWhollyLeft(
  cell: Cell,
  from: CompiledStatement,
  { takes, heldBack, spares }: Subtraction,
  settings: SearchSettings,
): boolean {
  const meets = (statement: CompiledStatement) =>
    !missesCell(statement, cell) && !isExcepted(cell, [...from.conditions, ...statement.conditions]);
  const isSpared = spares.some(
    (deny) => deny.doubt === undefined && deny.conditions.length === 0 && coversCell(deny, cell),
  );
  // Everything is taken but what is spared: so a request is found where the cell meets one of the statements.
  const isApart = (statements: readonly CompiledStatement[], unless: readonly CompiledStatement[]) => {
    const met = statements.filter(meets);
    const sought = { gives: [], heldBack: unless, takes: [makeEverything([])], spares: met };
    return met.length === 0 || makeSeparator(sought, settings)(cell, from).kind === "covered";
  };
  return (isSpared || isApart(takes, spares)) && isApart(heldBack, []);
}

/** Whether a cell leaves out whatever meets some conditions. */
function isExcepted({ exceptConditions = [] }: Cell, conditions: AtomList): boolean {
  return exceptConditions.some((list) =>
    list.every(({ text }) => conditions.some((condition) => condition.text === text)),
  );
}
