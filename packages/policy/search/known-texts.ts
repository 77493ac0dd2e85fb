import { type FoundText, findTexts } from "../pattern/best-texts.ts";
import { isArn, type Pattern } from "../pattern/pattern.ts";
import type { TextGoal } from "../pattern/text-goal.ts";
import { charge, noteWork, type StepBudget } from "../support/step-budget.ts";

/** The results of one comparison, which has a budget of its own. */
const results = new WeakMap<StepBudget, Map<string, readonly FoundText[]>>();
// A hostile policy must not fill the memory; of ordinary comparisons, few have a hundred.
const maxResults = 1_000;

/**
 * Returns what `findTexts` returns, and finds each of it once in a comparison: the parts of a difference ask for the
 * same texts again and again. A known result costs one step and the comparison of its key. Throws BudgetError.
 */
export function findKnownTexts(
  base: Pattern,
  excluded: readonly Pattern[],
  goals: readonly TextGoal[],
  sample: string,
  budget: StepBudget,
): readonly FoundText[] {
  const key = makeKey(base, excluded, goals, sample);
  noteWork(key.length);
  const known = results.get(budget) ?? new Map<string, readonly FoundText[]>();
  results.set(budget, known);
  const result = known.get(key);
  if (result) {
    charge(budget);
    return result;
  }
  const found = findTexts(base, excluded, goals, [sample], budget);
  if (known.size < maxResults) known.set(key, found);
  return found;
}

function makeKey(
  base: Pattern,
  excluded: readonly Pattern[],
  goals: readonly TextGoal[],
  sample: string,
): string {
  let key = `${printPattern(base)}${sample.length}:${sample}`;
  for (const pattern of excluded) key += printPattern(pattern);
  for (const { pattern, wanted } of goals) key += `${wanted}${printPattern(pattern)}`;
  return key;
}

// The length before each text tells where it ends, whatever it contains.
function printPattern(pattern: Pattern): string {
  const kind = isArn(pattern) ? "arn" : pattern.ignoreCase ? "folded" : "text";
  return `${kind}${pattern.text.length}:${pattern.text}`;
}
