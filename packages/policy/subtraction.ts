import { type Budget, BudgetError, spend } from "./budget.ts";
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
import { coversEntry, type Entry, impliesConditions, missesEntry, patternRelations } from "./entry.ts";
import type { PolicyRequest } from "./grant.ts";
import type { Pattern } from "./pattern.ts";
import { sketchText } from "./sketch.ts";

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

/** How cells are decided where form alone does not tell, and what exactly is left of one. */
export interface CellJudge {
  decide(cell: Cell, from: PlacedStatement): CellVerdict;
  refine(left: LeftCell, decide: (cell: Cell) => CellVerdict): readonly LeftCell[];
}

/** Takes one side from the other, statement by statement and cell by cell. */
export function subtract(subtraction: Subtraction, judge: CellJudge, budget: Budget): Difference {
  const residues: Residue[] = [];
  const open: OpenCell[] = [];
  const spares = subtraction.spares.filter((deny) => !isHeldBackToo(deny, subtraction.heldBack, budget));
  const lines = new Set(subtraction.takes.map(({ statement }) => statement.line));
  for (const from of subtraction.gives) {
    if (spares.length === 0 && lines.has(from.statement.line)) continue;
    try {
      for (const found of takeStatement(from, { ...subtraction, spares }, judge, budget)) {
        if ("cell" in found) residues.push(found);
        else open.push(found);
      }
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      open.push({ from, code: "budget", message: `On a whole statement, ${error.message}.` });
    }
  }
  return { residues, open };
}

function* takeStatement(
  from: PlacedStatement,
  { heldBack, takes, spares }: Subtraction,
  judge: CellJudge,
  budget: Budget,
): Generator<Residue | OpenCell> {
  const takers = takes.filter(
    ({ statement }) => statement.doubt === undefined && impliesConditions(from.statement, statement),
  );
  const decide = (cell: Cell): CellVerdict =>
    isTaken(cell, takers, spares) ? { kind: "covered" } : judge.decide(cell, from);
  const remaining = spares.length > 0 ? listActions(from.statement) : listUntaken(from, takers, budget);
  for (const group of groupActions(remaining, [...heldBack, ...takes, ...spares], budget)) {
    const [first] = group;
    const near = takers.filter(({ statement }) => coversEntry(statement.actions, first, patternRelations));
    for (const cell of listCells(from.statement, first)) {
      spend(budget, 1 + (near.length >> 3));
      if (isTaken(cell, near, spares)) continue;
      const verdict = judge.decide(cell, from);
      if (verdict.kind === "undecided") yield { from, code: verdict.code, message: verdict.message };
      if (verdict.kind !== "left") continue;
      const pieces = judge.refine({ cell, verdict }, decide);
      for (const action of group) yield* pieces.map((piece) => replaceAction(piece, first, action, from));
    }
  }
}

/** The actions of a statement that no other one statement takes everywhere. */
function listUntaken(
  { statement: given }: PlacedStatement,
  takers: readonly PlacedStatement[],
  budget: Budget,
): readonly Entry<Pattern>[] {
  const places = countPlaces(given);
  const whole = takers.filter(({ statement }) => {
    spend(budget, 1 + ((places * countPlaces(statement)) >> 4));
    return coversPlace(statement, given);
  });
  return listActions(given).filter((action) => {
    spend(budget, 1 + (whole.length >> 3));
    return !whole.some(({ statement }) => coversEntry(statement.actions, action, patternRelations));
  });
}

function countPlaces({ resources, principals }: PlacedStatement["statement"]): number {
  return (resources?.entries.length ?? 1) + (principals?.entries.length ?? 1);
}

type ActionGroup = readonly [Entry<Pattern>, ...Entry<Pattern>[]];

/** Actions that the same statements reach, whole or not at all, share their fate: one of each group is asked for. */
function groupActions(
  actions: readonly Entry<Pattern>[],
  players: readonly PlacedStatement[],
  budget: Budget,
): readonly ActionGroup[] {
  const groups = Map.groupBy(actions, (action) => {
    spend(budget, 1 + (players.length >> 3));
    const reached: string[] = [];
    for (const { statement } of players) {
      const isWhole = coversEntry(statement.actions, action, patternRelations);
      if (!isWhole && !missesEntry(statement.actions, action, patternRelations))
        return `=${action.selector.text}`;
      reached.push(isWhole ? "+" : "-");
    }
    return reached.join("");
  });
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [[first, ...rest] as const],
  );
}

/** What is left of one action of a group, told from what is left of the first. */
function replaceAction(
  { cell, verdict }: LeftCell,
  first: Entry<Pattern>,
  action: Entry<Pattern>,
  from: PlacedStatement,
): Residue {
  if (action === first) return { from, cell, example: verdict.example };
  const { literal, written } = action.selector;
  const name = literal === undefined ? sketchText(action.selector, "Anything") : written;
  return { from, cell: { ...cell, action }, example: { ...verdict.example, action: name } };
}

/** Whether the giving side denies whatever a deny of the other side does: then that spares nothing. */
function isHeldBackToo(deny: PlacedStatement, heldBack: readonly PlacedStatement[], budget: Budget): boolean {
  if (heldBack.some(({ statement }) => statement.line === deny.statement.line)) return true;
  if (deny.statement.doubt !== undefined) return false;
  const own = heldBack.filter(
    ({ statement }) => statement.doubt === undefined && impliesConditions(deny.statement, statement),
  );
  if (own.length === 0) return false;
  for (const action of listActions(deny.statement)) {
    const near = own.filter(({ statement }) => coversEntry(statement.actions, action, patternRelations));
    for (const cell of listCells(deny.statement, action)) {
      budget.left -= 1 + (own.length >> 3);
      if (budget.left <= 0 || !near.some(({ statement }) => coversCell(statement, cell))) return false;
    }
  }
  return true;
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
