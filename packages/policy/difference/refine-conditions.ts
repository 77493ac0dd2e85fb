import {
  type Combination,
  type ConditionList,
  coversCombination,
  missesCombination,
} from "../compiled/combination.ts";
import type { CombinationVerdict, Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import { type Gap, keepGaps } from "./gap.ts";

/** More are not looked at: the cell is then told in part. */
const mostAlternatives = 50;

/** How a cell is decided, and whether a request lies in it that its statement gives. */
export interface CellQuestions {
  readonly decide: (cell: Combination) => CombinationVerdict;
  readonly isEmpty: (cell: Combination) => boolean;
}

/**
 * Where a cell is left only under the conditions of what spares it (the other side's Deny without MFA), cuts it down to
 * these.
 */
export function narrowByConditions(
  left: Gap,
  from: CompiledStatement,
  { right }: Question,
  { decide }: CellQuestions,
): readonly Gap[] {
  const { combination: cell } = left;
  const alternatives = listConditions(cell, from, right.denies);
  if (alternatives.length === 0 || alternatives.length > mostAlternatives) return [left];
  const rest = { ...cell, exceptConditions: [...(cell.exceptConditions ?? []), ...alternatives] };
  if (decide(rest).kind !== "covered") return [left];
  return keepGaps(
    left,
    alternatives.map((conditions) => addConditions(cell, conditions)),
    decide,
  );
}

/** Carves out of a cell what is taken away, or held back, under further conditions. */
export function carveConditions(
  left: Gap,
  from: CompiledStatement,
  question: Question,
  { decide, isEmpty }: CellQuestions,
): Gap {
  const { combination: cell } = left;
  const alternatives = listConditions(cell, from, [...question.right.allows, ...question.left.denies]);
  if (alternatives.length > mostAlternatives) return left;
  const taken = alternatives.filter((conditions) => {
    const part = addConditions(cell, conditions);
    // Where nothing is spared, what is listed takes all of the part.
    return (question.right.denies.length === 0 || decide(part).kind === "covered") && !isEmpty(part);
  });
  if (taken.length === 0) return left;
  return {
    ...left,
    combination: { ...cell, exceptConditions: [...(cell.exceptConditions ?? []), ...taken] },
  };
}

function addConditions(cell: Combination, conditions: ConditionList): Combination {
  return { ...cell, conditions: [...(cell.conditions ?? []), ...conditions] };
}

/** What the statements that reach all of a cell ask of a request besides what the giving one asks, each list once. */
function listConditions(
  cell: Combination,
  from: CompiledStatement,
  statements: readonly CompiledStatement[],
): readonly ConditionList[] {
  const asked = new Set([...from.conditions, ...(cell.conditions ?? [])].map(({ text }) => text));
  const lists = new Map<string, ConditionList>();
  for (const statement of statements) {
    if (statement.conditions.length === 0 || statement.ambiguity !== undefined) continue;
    if (missesCombination(statement, cell) || !coversCombination(statement, cell)) continue;
    const open = statement.conditions.filter(({ text }) => !asked.has(text));
    if (open.length > 0) lists.set(printAtoms(open), open);
  }
  return [...lists.values()].sort((one, other) => one.length - other.length);
}

/** A list of conditions as one text, whatever their order. */
export function printAtoms(atoms: ConditionList): string {
  return atoms
    .map(({ text }) => text)
    .sort()
    .join("\n");
}
