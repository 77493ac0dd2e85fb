import type { Remainder } from "../compiled/combination.ts";
import { joinQuestion } from "../compiled/joined-statements.ts";
import type { Question } from "../compiled/question.ts";
import type { Side, UndecidedReason } from "../model/comparison.ts";
import { createWitnessSearch, type SearchSettings } from "../search/witness.ts";
import { groupBy } from "../support/unique.ts";
import { isWhollyUncovered } from "./exactness.ts";
import { referToStatements } from "./grouping.ts";
import { refine } from "./refinement.ts";
import { type CombinationChecks, subtract, type UndecidedCombination } from "./subtraction.ts";

/** What the left side of a question allows and the right side does not. */
export interface Difference {
  readonly remainders: readonly Remainder[];
  /** Why `remainders` may be incomplete. */
  readonly reasons: readonly UndecidedReason[];
}

/**
 * Subtracts the right side from the left side. Refines each remainder until it holds only requests of the difference, as
 * far as the budget allows.
 */
export function findRemainders(question: Question, side: Side, settings: SearchSettings): Difference {
  // Refining has a budget of its own, so that it does not use up the steps for finding differences.
  const refining = { ...settings, budget: { left: settings.budget.left } };
  const findRequest = createWitnessSearch(
    { left: { denies: [] }, right: { allows: [], denies: [] } },
    refining,
  );
  const joined = joinQuestion(question);
  const checks: CombinationChecks = {
    decide: createWitnessSearch(joined, settings),
    decidePart: createWitnessSearch(joined, refining),
    refine: (gap, from, decide) =>
      refine(gap, from, joined, {
        decide,
        isEmpty: (combination) => findRequest(combination, from).kind === "covered",
        isWhole: (combination, near) => isWhollyUncovered(combination, from, near, refining),
      }),
  };
  const { remainders, undecided } = subtract(question, joined, checks, settings.budget);
  return { remainders, reasons: describeUndecided(undecided, side) };
}

/** Returns one reason for each cause, with all its statements. */
function describeUndecided(
  undecided: readonly UndecidedCombination[],
  side: Side,
): readonly UndecidedReason[] {
  return groupBy(undecided, ({ code, message }) => `${code} ${message}`).map((group) => ({
    code: group[0].code,
    message: group[0].message,
    side,
    statements: referToStatements(group, side),
  }));
}
