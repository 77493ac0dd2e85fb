import { charge, type StepBudget } from "../support/step-budget.ts";
import { acceptsText } from "./accepts.ts";
import type { Pattern } from "./pattern.ts";

/** Returns the places of the patterns that match a text. Throws `BudgetError`. */
export type TextMatcher = (text: string) => readonly number[];

/**
 * Prepares a list of patterns without variables to be matched against many texts. Patterns without wildcards are looked
 * up, so that they cost nothing for each text.
 */
export function createTextMatcher(patterns: readonly Pattern[], budget: StepBudget): TextMatcher {
  const literals = new Map<string, number[]>();
  const wild: { readonly pattern: Pattern; readonly place: number }[] = [];
  for (const [place, pattern] of patterns.entries()) {
    const { literal } = pattern;
    if (literal === undefined) wild.push({ pattern, place });
    else literals.set(literal, [...(literals.get(literal) ?? []), place]);
  }
  return (text) => {
    charge(budget, 1 + (wild.length >> 2));
    const matching = wild.flatMap(({ pattern, place }) => (acceptsText(pattern, text) ? [place] : []));
    return [...(literals.get(text) ?? []), ...matching];
  };
}
