import { type FoundText, findTexts } from "../pattern/best-texts.ts";
import { isArn, type Pattern } from "../pattern/pattern.ts";
import type { TextGoal } from "../pattern/text-goal.ts";
import { charge, type StepBudget } from "../support/step-budget.ts";

/** What was found, and the steps that it took. */
interface KnownTexts {
  readonly texts: readonly FoundText[];
  readonly steps: number;
}

/** The results of one comparison, which has a budget of its own. */
const results = new WeakMap<StepBudget, Map<string, KnownTexts>>();
// A hostile policy must not fill the memory; of ordinary comparisons, few have a hundred results.
const maxResults = 1_000;
// To make and look up the key of longer patterns costs more than it saves.
const maxCharacters = 2_000;

/**
 * Returns what `findTexts` returns, and finds each of it once in a comparison: the parts of a difference ask for the
 * same texts again and again. A known result costs the same steps as the first time, because its caller's work depends
 * on it too. Throws BudgetError.
 */
export function findKnownTexts(
  base: Pattern,
  excluded: readonly Pattern[],
  goals: readonly TextGoal[],
  sample: string,
  budget: StepBudget,
): readonly FoundText[] {
  const key = makeKey(base, excluded, goals, sample);
  if (key === undefined) return findTexts(base, excluded, goals, [sample], budget);
  const known = results.get(budget) ?? new Map<string, KnownTexts>();
  results.set(budget, known);
  const result = known.get(key);
  if (result) {
    charge(budget, result.steps);
    return result.texts;
  }
  const { left } = budget;
  const texts = findTexts(base, excluded, goals, [sample], budget);
  if (known.size < maxResults) known.set(key, { texts, steps: left - budget.left });
  return texts;
}

/** Returns the same text for the same arguments; undefined if it would be long. */
function makeKey(
  base: Pattern,
  excluded: readonly Pattern[],
  goals: readonly TextGoal[],
  sample: string,
): string | undefined {
  let characters = base.text.length + sample.length;
  for (const pattern of excluded) characters += pattern.text.length;
  for (const { pattern } of goals) characters += pattern.text.length;
  if (characters > maxCharacters || excluded.length + goals.length > 100) return undefined;
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
