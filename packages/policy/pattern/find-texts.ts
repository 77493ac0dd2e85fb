import { charge, type StepBudget } from "../support/step-budget.ts";
import { acceptsText } from "./accepts.ts";
import { areDisjoint, coversPattern } from "./cover.ts";
import type { Pattern } from "./pattern.ts";
import type { TextGoal } from "./text-goal.ts";
import { searchTexts } from "./text-search.ts";

/** A text of the language that was searched, and which of the aims match it, by their numbers. */
export interface FoundText {
  readonly text: string;
  readonly matched: ReadonlySet<number>;
}

/**
 * The best texts that `base` matches and `excluded` do not: for every such text there is one among them that avoids
 * and matches at least what is wanted. So whatever difference any text shows, one of these shows.
 *
 * `sketches` are texts of `base` that are tried first, for they read better.
 * @throws BudgetError
 */
export function findTexts(
  base: Pattern,
  excluded: readonly Pattern[],
  aims: readonly TextGoal[],
  sketches: readonly string[],
  budget: StepBudget,
): readonly FoundText[] {
  charge(budget, 1 + (aims.length >> 2) + (excluded.length >> 4));
  const barriers = excluded.filter((pattern) => !areDisjoint(pattern, base));
  const near = aims.flatMap((aim, index) => (areDisjoint(aim.pattern, base) ? [] : [{ ...aim, index }]));
  if (barriers.some((pattern) => coversPattern(pattern, base))) return [];
  // What matches all of the base, or nothing of it, needs no search.
  const always = new Set(near.flatMap(({ pattern, index }) => (coversPattern(pattern, base) ? [index] : [])));
  const open = near.filter(({ index }) => !always.has(index));
  for (const text of sketches) {
    charge(budget, 1 + open.length);
    if (barriers.some((pattern) => acceptsText(pattern, text))) continue;
    const matched = open.filter(({ pattern }) => acceptsText(pattern, text));
    const isBest = open.every(
      (aim) => aim.wanted !== "either" && matched.includes(aim) === (aim.wanted === "matched"),
    );
    if (isBest) return [{ text, matched: new Set([...always, ...matched.map(({ index }) => index)]) }];
  }
  const order = { avoided: 0, either: 1, matched: 2 };
  const sought: readonly (TextGoal & { readonly index: number })[] = [
    ...barriers.map((pattern) => ({ pattern, wanted: "avoided" as const, index: -1 })),
    ...open.toSorted((one, other) => order[one.wanted] - order[other.wanted]),
  ];
  return searchTexts(base, sought, barriers.length, budget).map(({ text, owners }) => ({
    text,
    matched: new Set([...always, ...owners.map((owner) => sought[owner]?.index ?? -1)]),
  }));
}
