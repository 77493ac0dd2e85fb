import {
  type ActionGroup,
  type Combination,
  coversCombination,
  coversResourcesAndPrincipals,
  listActions,
  listCombinations,
  missesCombination,
  type Remainder,
} from "../compiled/combination.ts";
import {
  coversEntry,
  type Entry,
  impliesConditions,
  missesEntry,
  patternRelations,
} from "../compiled/entry.ts";
import type { CombinationVerdict, Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { BudgetError, charge, type StepBudget, tryCharge } from "../support/budget.ts";
import { groupBy } from "../support/unique.ts";
import type { Gap } from "./gap.ts";

/** A cell that could not be decided. */
export interface OpenCell {
  readonly from: CompiledStatement;
  readonly code: "unsupported" | "budget" | "unproven";
  readonly message: string;
}

/** The difference of two sides. */
export interface Difference {
  readonly residues: readonly Remainder[];
  readonly open: readonly OpenCell[];
}

/** How cells are decided where form alone does not tell, and what exactly is left of one. */
export interface CellJudge {
  decide(cell: Combination, from: CompiledStatement): CombinationVerdict;
  /** The same of a part of a cell of which something is left. */
  decidePart(cell: Combination, from: CompiledStatement): CombinationVerdict;
  refine(
    left: Gap,
    from: CompiledStatement,
    decide: (cell: Combination) => CombinationVerdict,
  ): readonly Gap[];
}

/** Takes one side from the other, statement by statement and cell by cell. */
export function subtract(question: Question, judge: CellJudge, budget: StepBudget): Difference {
  const residues: Remainder[] = [];
  const open: OpenCell[] = [];
  const held = new Set(question.left.denies.map(({ line }) => line));
  const spares = question.right.denies.filter(
    (deny) => !held.has(deny.line) && !isHeldBackToo(deny, question.left.denies, budget),
  );
  const lines = new Set(question.right.allows.map(({ line }) => line));
  for (const from of question.left.allows) {
    if (spares.length === 0 && lines.has(from.line)) continue;
    try {
      for (const found of takeStatement(
        from,
        { ...question, right: { ...question.right, denies: spares } },
        judge,
        budget,
      )) {
        if ("combination" in found) residues.push(found);
        else open.push(found);
      }
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      open.push({ from, code: "budget", message: error.message });
    }
  }
  return { residues, open };
}

function* takeStatement(
  from: CompiledStatement,
  { left, right }: Question,
  judge: CellJudge,
  budget: StepBudget,
): Generator<Remainder | OpenCell> {
  charge(budget, 1 + (right.allows.length >> 4));
  const takers = right.allows.filter(
    (taker) => taker.ambiguity === undefined && impliesConditions(from, taker),
  );
  const decidePart = (cell: Combination): CombinationVerdict =>
    isTaken(cell, takers, right.denies) ? { kind: "covered" } : judge.decidePart(cell, from);
  const remaining = right.denies.length > 0 ? listActions(from) : listUntaken(from, takers, budget);
  for (const group of groupActions(remaining, [...left.denies, ...right.allows, ...right.denies], budget)) {
    const [first] = group;
    const near = takers.filter((taker) => coversEntry(taker.actions, first, patternRelations));
    for (const cell of listCombinations(from, first)) {
      charge(budget, 1 + (near.length >> 3));
      if (isTaken(cell, near, right.denies)) continue;
      const verdict = judge.decide(cell, from);
      if (verdict.kind === "undecided") yield { from, code: verdict.code, message: verdict.message };
      if (verdict.kind !== "uncovered") continue;
      const pieces = judge.refine({ combination: cell, verdict }, from, decidePart);
      charge(budget, pieces.length);
      for (const { combination: piece, verdict: proof } of pieces) {
        // A piece with fewer actions is of a group of one.
        const own = piece.action === first ? group : ([piece.action] as const);
        yield { from, combination: piece, actions: own, example: proof.example };
      }
    }
  }
}

/** The actions of a statement that no other one statement takes everywhere. */
function listUntaken(
  given: CompiledStatement,
  takers: readonly CompiledStatement[],
  budget: StepBudget,
): readonly Entry<Pattern>[] {
  const whole = takers.filter((taker) => coversResourcesAndPrincipals(taker, given, budget));
  return listActions(given).filter((action) => {
    charge(budget, 1 + (whole.length >> 3));
    return !whole.some((taker) => coversEntry(taker.actions, action, patternRelations));
  });
}

/** Actions that the same statements reach, whole or not at all, share their fate: one of each group is asked for. */
function groupActions(
  actions: readonly Entry<Pattern>[],
  players: readonly CompiledStatement[],
  budget: StepBudget,
): readonly ActionGroup[] {
  return groupBy(actions, (action) => {
    charge(budget, 1 + (players.length >> 3));
    const reached: string[] = [];
    // Of one name a list has all or nothing.
    const isOne = action.selector.literal !== undefined && action.except.length === 0;
    for (const { actions: own } of players) {
      const isWhole = coversEntry(own, action, patternRelations);
      const isDecided = isOne && !own.negated;
      if (!isWhole && !isDecided && !missesEntry(own, action, patternRelations))
        return `=${action.selector.text}`;
      reached.push(isWhole ? "+" : "-");
    }
    return reached.join("");
  });
}

/** Whether the giving side denies whatever a deny of the other side does: then that spares nothing. */
function isHeldBackToo(
  deny: CompiledStatement,
  heldBack: readonly CompiledStatement[],
  budget: StepBudget,
): boolean {
  if (deny.ambiguity !== undefined) return false;
  if (!tryCharge(budget, 1 + (heldBack.length >> 4))) return false;
  const own = heldBack.filter((other) => other.ambiguity === undefined && impliesConditions(deny, other));
  if (own.length === 0) return false;
  for (const action of listActions(deny)) {
    const near = own.filter((other) => coversEntry(other.actions, action, patternRelations));
    for (const cell of listCombinations(deny, action)) {
      if (!tryCharge(budget, 1 + (own.length >> 3))) return false;
      if (!near.some((other) => coversCombination(other, cell))) return false;
    }
  }
  return true;
}

function isTaken(
  cell: Combination,
  takers: readonly CompiledStatement[],
  spares: readonly CompiledStatement[],
): boolean {
  return (
    takers.some((taker) => coversCombination(taker, cell)) &&
    spares.every((deny) => deny.ambiguity === undefined && missesCombination(deny, cell))
  );
}
