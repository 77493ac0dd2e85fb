import { type Budget, canSpend } from "./budget.ts";
import type { LeftCell } from "./carving.ts";
import {
  type Cell,
  coversCell,
  coversPlace,
  listActions,
  listCells,
  missesCell,
  type PlacedStatement,
  type Residue,
} from "./cell.ts";
import { coversEntry, type Entry, impliesConditions, patternRelations } from "./entry.ts";
import type { PolicyRequest } from "./grant.ts";
import type { Pattern } from "./pattern.ts";

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

/**
 * Takes one side from the other, cell by cell. `decideCell` is asked where form alone does not tell, `refine` what
 * exactly is left of a cell.
 */
export function subtract(
  subtraction: Subtraction,
  decideCell: (cell: Cell, from: PlacedStatement) => CellVerdict,
  refine: (left: LeftCell, decide: (cell: Cell) => CellVerdict) => readonly LeftCell[],
  budget: Budget,
): Difference {
  const residues: Residue[] = [];
  const open: OpenCell[] = [];
  const spares = subtraction.spares.filter((deny) => !isHeldBackToo(deny, subtraction.heldBack, budget));
  const lines = new Set(subtraction.takes.map(({ statement }) => statement.line));
  for (const from of subtraction.gives) {
    if (spares.length === 0 && lines.has(from.statement.line)) continue;
    const takers = subtraction.takes.filter(
      ({ statement }) => statement.doubt === undefined && impliesConditions(from.statement, statement),
    );
    const decide = (cell: Cell): CellVerdict =>
      isTaken(cell, takers, spares) ? { kind: "covered" } : decideCell(cell, from);
    const whole =
      spares.length > 0 ? [] : takers.filter(({ statement }) => coversPlace(statement, from.statement));
    const remaining = listActions(from.statement).filter(
      (action) => !whole.some(({ statement }) => coversEntry(statement.actions, action, patternRelations)),
    );
    const groups = groupActions(remaining, subtraction);
    for (const cell of listCells(from.statement, groups.keys())) {
      if (!canSpend(budget, 1 + (takers.length >> 3))) {
        open.push({ from, code: "budget", message: exhausted });
        break;
      }
      const verdict = decide(cell);
      if (verdict.kind === "undecided") open.push({ from, code: verdict.code, message: verdict.message });
      if (verdict.kind !== "left") continue;
      const pieces = refine({ cell, verdict }, decide);
      for (const action of groups.get(cell.action) ?? []) {
        residues.push(...pieces.map((piece) => replaceAction(piece, action, from)));
      }
    }
  }
  return { residues, open };
}

/** Actions that the same statements reach share their fate: the first of each group is asked for. */
function groupActions(
  actions: readonly Entry<Pattern>[],
  { heldBack, takes, spares }: Subtraction,
): ReadonlyMap<Entry<Pattern>, readonly Entry<Pattern>[]> {
  const players = [...heldBack, ...takes, ...spares];
  const groups = Map.groupBy(actions, ({ selector, except }) => {
    if (selector.literal === undefined || except.length > 0) return selector.text;
    const reached = players.map(({ statement }) =>
      patternRelations.coversOneOf(statement.actions.entries, selector) === statement.actions.negated
        ? "-"
        : "+",
    );
    return reached.join("");
  });
  return new Map([...groups.values()].flatMap((group) => group.slice(0, 1).map((first) => [first, group])));
}

function replaceAction({ cell, verdict }: LeftCell, action: Entry<Pattern>, from: PlacedStatement): Residue {
  if (action.selector.literal === undefined) return { from, cell, example: verdict.example };
  return {
    from,
    cell: { ...cell, action },
    example: { ...verdict.example, action: action.selector.written },
  };
}

const exhausted = "The comparison took all the steps that it may.";

function isHeldBackToo(deny: PlacedStatement, heldBack: readonly PlacedStatement[], budget: Budget): boolean {
  return heldBack.some(({ statement }) => {
    if (statement.line === deny.statement.line) return true;
    if (statement.doubt !== undefined || deny.statement.doubt !== undefined) return false;
    if (!impliesConditions(deny.statement, statement)) return false;
    for (const cell of listCells(deny.statement, listActions(deny.statement))) {
      if (!canSpend(budget) || !coversCell(statement, cell)) return false;
    }
    return true;
  });
}

function isTaken(
  cell: Cell,
  takers: readonly PlacedStatement[],
  spares: readonly PlacedStatement[],
): boolean {
  return (
    takers.some(({ statement }) => coversCell(statement, cell)) &&
    spares.every(({ statement }) => statement.doubt === undefined && missesCell(statement, cell))
  );
}
