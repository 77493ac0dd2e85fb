import type { CompiledCondition } from "../compiled/condition.ts";
import { compileText, type Pattern } from "../pattern/pattern.ts";
import { sampleText } from "../pattern/sample.ts";
import type { TextGoal } from "../pattern/text-goal.ts";
import type { StepBudget } from "../support/step-budget.ts";
import { printAddress } from "../syntax/scalar.ts";
import type { KeyConditions } from "./key-conditions.ts";
import { findKnownTexts } from "./known-texts.ts";

const anyText = compileText("*", "*");

/**
 * Returns values of a key among which, for every possible value, one is at least as good: texts that match or avoid the
 * patterns as wanted; the bounds of numbers, dates and address ranges with their neighbours; and a value apart from
 * them all. Throws BudgetError.
 */
export function listKeyValues(conditions: KeyConditions, budget: StepBudget): readonly string[] {
  const all = [...conditions.held, ...conditions.failed];
  const values = [...listTexts(conditions, budget), ...listNumbers(all), ...listAddresses(all)];
  return [...new Set(values)];
}

function listTexts(
  { held, failed, isMultivalued, isBoolean }: KeyConditions,
  budget: StepBudget,
): readonly string[] {
  if (isBoolean) return ["true", "false"];
  // If every value must fit a held condition, only texts that its patterns match are of use. The shortest list is best.
  const base = held
    .filter(({ operator, patterns }) => patterns.length > 0 && operator?.negated === false)
    .filter(({ operator }) => (isMultivalued ? operator?.qualifier === "ForAllValues" : !operator?.qualifier))
    .sort((one, other) => one.patterns.length - other.patterns.length)[0];
  const goals = [
    ...held.filter((condition) => condition !== base).flatMap((condition) => listGoals(condition, true)),
    ...failed.flatMap((condition) => listGoals(condition, false)),
  ];
  const bases: readonly Pattern[] = base?.patterns ?? [anyText];
  return bases.flatMap((pattern) =>
    findKnownTexts(pattern, [], goals, sampleText(pattern), budget).map(({ text }) => text),
  );
}

function listGoals({ operator, patterns }: CompiledCondition, isHeld: boolean): readonly TextGoal[] {
  const wanted = isHeld === (operator?.negated === false) ? "matched" : "avoided";
  return patterns.map((pattern) => ({ pattern, wanted }));
}

function listNumbers(conditions: readonly CompiledCondition[]): readonly string[] {
  const bounds = [...new Set(conditions.flatMap(({ numbers }) => numbers))].sort((one, other) => one - other);
  if (bounds.length === 0) return [];
  // Beyond the outermost bounds, a smaller step can be lost in the rounding of floating-point numbers.
  const step = (bound: number): number => Math.max(1, Math.abs(bound));
  const between = bounds.map((bound, index) => {
    const next = bounds[index + 1];
    return next === undefined ? Math.min(Number.MAX_VALUE, bound + step(bound)) : bound / 2 + next / 2;
  });
  const [least = 0] = bounds;
  const isDate = conditions.some(({ operator }) => operator?.family === "date");
  const values = [Math.max(-Number.MAX_VALUE, least - step(least)), ...bounds, ...between];
  const texts = values.map(String);
  return isDate ? [...values.flatMap(formatDate), ...texts] : texts;
}

/** Returns a time, in seconds since 1970, as ISO 8601; nothing for years that do not have four digits. */
function formatDate(seconds: number): readonly string[] {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()) || date.getTime() !== seconds * 1000) return [];
  const year = date.getUTCFullYear();
  return year < 0 || year > 9999 ? [] : [date.toISOString()];
}

function listAddresses(conditions: readonly CompiledCondition[]): readonly string[] {
  if (conditions.every(({ ranges }) => ranges.length === 0)) return [];
  // Addresses of the documentation ranges (RFC 5737, RFC 3849), for conditions that no edge falsifies.
  return [...conditions.flatMap(listEdges), "203.0.113.1", "2001:db8:0:0:0:0:0:1"];
}

// A condition is asked for its edges once for each part of a difference.
const edgesOf = new WeakMap<CompiledCondition, readonly string[]>();

/** Returns the first and last address of each range of a condition, and their neighbours. */
function listEdges(condition: CompiledCondition): readonly string[] {
  const known = edgesOf.get(condition);
  if (known) return known;
  const edges = condition.ranges.flatMap(({ family, first, last }) => {
    const highest = (1n << (family === 4 ? 32n : 128n)) - 1n;
    return [first, last, first - 1n, last + 1n]
      .filter((value) => value >= 0n && value <= highest)
      .map((value) => printAddress(family, value));
  });
  edgesOf.set(condition, edges);
  return edges;
}
