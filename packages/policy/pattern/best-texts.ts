import { charge, type StepBudget } from "../support/step-budget.ts";
import { acceptsText } from "./accepts.ts";
import { areDisjoint, coversPattern } from "./cover.ts";
import type { Pattern } from "./pattern.ts";
import type { TextGoal } from "./text-goal.ts";
import { createTextMatcher, type TextMatcher } from "./text-matcher.ts";
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
  const matchOpen = createTextMatcher(
    open.map(({ pattern }) => pattern),
    budget,
  );
  const matchExcluded = createTextMatcher(excludedNear, budget);
  const find = (text: string): FoundText => ({
    text,
    matched: new Set([...always, ...matchOpen(text).flatMap((place) => open[place]?.index ?? [])]),
  });
  for (const text of samples) {
    if (matchExcluded(text).length > 0) continue;
    const found = find(text);
    const meetsAll = open.every(
      ({ wanted, index }) => wanted !== "either" && found.matched.has(index) === (wanted === "matched"),
    );
    if (meetsAll) return [found];
  }
  return [
    ...searchTexts(base, listSought(excludedNear, open), excludedNear.length, budget).map(({ text }) => text),
    ...listNamed(base, open, matchExcluded),
  ].map(find);
}

const order = { avoided: 0, either: 1, matched: 2 };

/**
 * Returns the goals of the search: the excluded patterns and the goals, without the names that `listNamed` returns. A
 * text of the search need not match one of these names; where both a match and none are wanted, it must match none.
 */
function listSought(excluded: readonly Pattern[], goals: readonly TextGoal[]): readonly TextGoal[] {
  const sought = goals.flatMap(({ pattern, wanted }) => {
    if (pattern.literal === undefined) return { pattern, wanted };
    return wanted === "matched" ? [] : { pattern, wanted: "avoided" as const };
  });
  return [
    ...excluded.map((pattern) => ({ pattern, wanted: "avoided" as const })),
    ...sought.toSorted((one, other) => order[one.wanted] - order[other.wanted]),
  ];
}

/**
 * Returns the texts of the base that goals name and want matched. Only such a text can match such a goal: there is
 * nothing to search. In a search, fifty names that begin alike would be fifty times as many states, each compared with
 * all.
 */
function listNamed(base: Pattern, goals: readonly TextGoal[], matchExcluded: TextMatcher): readonly string[] {
  const names = goals.flatMap(({ pattern: { literal }, wanted }) =>
    literal === undefined || wanted === "avoided" ? [] : [literal],
  );
  return [...new Set(names)].filter((name) => acceptsText(base, name) && matchExcluded(name).length === 0);
}
