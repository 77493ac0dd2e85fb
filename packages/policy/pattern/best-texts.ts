import { charge, type StepBudget } from "../support/step-budget.ts";
import { acceptsText } from "./accepts.ts";
import { areDisjoint, coversPattern } from "./cover.ts";
import type { Pattern } from "./pattern.ts";
import type { TextGoal } from "./text-goal.ts";
import { searchTexts } from "./text-search.ts";

/** A text that was found, and the numbers of the goals whose patterns match it. */
export interface FoundText {
  readonly text: string;
  readonly matched: ReadonlySet<number>;
}

/**
 * Finds the best texts that `base` matches and no pattern of `excluded` does: every other such text is dominated by one
 * of them (see `Dominance`). So if any text shows a difference, one of these does.
 *
 * `samples` are readable texts of `base`; one that meets every goal is returned alone. Throws `BudgetError`.
 */
export function findTexts(
  base: Pattern,
  excluded: readonly Pattern[],
  goals: readonly TextGoal[],
  samples: readonly string[],
  budget: StepBudget,
): readonly FoundText[] {
  charge(budget, 1 + (goals.length >> 2) + (excluded.length >> 4));
  const excludedNear = excluded.filter((pattern) => !areDisjoint(pattern, base));
  const near = goals.flatMap((goal, index) => (areDisjoint(goal.pattern, base) ? [] : [{ ...goal, index }]));
  if (excludedNear.some((pattern) => coversPattern(pattern, base))) return [];
  // A pattern that matches all texts of the base, or none, needs no search.
  const always = new Set(near.flatMap(({ pattern, index }) => (coversPattern(pattern, base) ? [index] : [])));
  const open = near.filter(({ index }) => !always.has(index));
  for (const text of samples) {
    charge(budget, 1 + open.length);
    if (excludedNear.some((pattern) => acceptsText(pattern, text))) continue;
    const matched = open.filter(({ pattern }) => acceptsText(pattern, text));
    const meetsAll = open.every(
      (goal) => goal.wanted !== "either" && matched.includes(goal) === (goal.wanted === "matched"),
    );
    if (meetsAll) return [{ text, matched: new Set([...always, ...matched.map(({ index }) => index)]) }];
  }
  const order = { avoided: 0, either: 1, matched: 2 };
  const sought: readonly (TextGoal & { readonly index: number })[] = [
    ...excludedNear.map((pattern) => ({ pattern, wanted: "avoided" as const, index: -1 })),
    ...open.toSorted((one, other) => order[one.wanted] - order[other.wanted]),
  ];
  return searchTexts(base, sought, excludedNear.length, budget).map(({ text, owners }) => ({
    text,
    matched: new Set([...always, ...owners.map((owner) => sought[owner]?.index ?? -1)]),
  }));
}
