import { type Cell, coversCell, listCells, missesCell, type PlacedStatement, type Residue } from "./cell.ts";
import { impliesConditions } from "./entry.ts";
import type { PolicyRequest } from "./grant.ts";

/** What is asked: what do `gives` give, `heldBack` aside, that `takes` do not take away, `spares` aside? */
export interface Subtraction {
  readonly gives: readonly PlacedStatement[];
  /** The giving side's own denies. */
  readonly heldBack: readonly PlacedStatement[];
  readonly takes: readonly PlacedStatement[];
  /** The denies of the other side: what they deny it does not take away. */
  readonly spares: readonly PlacedStatement[];
}

/** What is known about a cell: all of it is taken away, or a request shows that some is left, or neither. */
export type CellVerdict =
  | { readonly kind: "covered" }
  | { readonly kind: "left"; readonly example: PolicyRequest }
  | {
      readonly kind: "undecided";
      readonly code: "unsupported" | "budget" | "unproven";
      readonly message: string;
    };

/** A cell that could not be decided. */
export interface OpenCell {
  readonly from: PlacedStatement;
  readonly code: "unsupported" | "budget" | "unproven";
  readonly message: string;
}

/** The difference of two sides. */
export interface Difference {
  readonly residues: readonly Residue[];
  readonly open: readonly OpenCell[];
}

/** Takes one side from the other, cell by cell; `decideCell` is asked where form alone does not tell. */
export function subtract(
  subtraction: Subtraction,
  decideCell: (cell: Cell, from: PlacedStatement) => CellVerdict,
): Difference {
  const residues: Residue[] = [];
  const open: OpenCell[] = [];
  const spares = subtraction.spares.filter((deny) => !isHeldBackToo(deny, subtraction.heldBack));
  const lines = new Set(subtraction.takes.map(({ statement }) => statement.line));
  for (const from of subtraction.gives) {
    if (spares.length === 0 && lines.has(from.statement.line)) continue;
    const takers = subtraction.takes.filter(({ statement }) => impliesConditions(from.statement, statement));
    for (const cell of listCells(from.statement)) {
      if (isTaken(cell, takers, spares)) continue;
      const verdict = decideCell(cell, from);
      if (verdict.kind === "left") residues.push({ from, cell, example: verdict.example });
      if (verdict.kind === "undecided") open.push({ from, code: verdict.code, message: verdict.message });
    }
  }
  return { residues, open };
}

function isHeldBackToo(deny: PlacedStatement, heldBack: readonly PlacedStatement[]): boolean {
  return heldBack.some(({ statement }) => {
    if (statement.line === deny.statement.line) return true;
    if (statement.doubt !== undefined || deny.statement.doubt !== undefined) return false;
    return (
      impliesConditions(deny.statement, statement) &&
      listCells(deny.statement).every((cell) => coversCell(statement, cell))
    );
  });
}

function isTaken(
  cell: Cell,
  takers: readonly PlacedStatement[],
  spares: readonly PlacedStatement[],
): boolean {
  return (
    takers.some(({ statement }) => statement.doubt === undefined && coversCell(statement, cell)) &&
    spares.every(({ statement }) => statement.doubt === undefined && missesCell(statement, cell))
  );
}
