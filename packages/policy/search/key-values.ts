import type { CompiledCondition } from "../compiled/condition.ts";
import { findTexts } from "../pattern/find-texts.ts";
import { compileText, type Pattern } from "../pattern/pattern.ts";
import { sampleText } from "../pattern/sample.ts";
import type { TextGoal } from "../pattern/text-goal.ts";
import type { StepBudget } from "../support/step-budget.ts";
import { printAddress } from "../syntax/scalar.ts";
import type { KeyConditions } from "./key-conditions.ts";

const anyValue = compileText("*", "*");

/**
 * Values of a key that show whatever differences any value shows: texts that match or avoid the patterns as wanted,
 * every bound of numbers, dates and ranges with its neighbours, and something that is none of these.
 * @throws BudgetError
 */
export function listRepresentatives(conditions: KeyConditions, budget: StepBudget): readonly string[] {
  const all = [...conditions.held, ...conditions.failed];
  const values = [...listTexts(conditions, budget), ...listNumbers(all), ...listAddresses(all)];
  return [...new Set(values)];
}

function isText({ operator }: CompiledCondition): boolean {
  return operator !== undefined && ["string", "arn", "bool", "binary"].includes(operator.family);
}

function listTexts(
  { held, failed, isMultivalued, isBoolean }: KeyConditions,
  budget: StepBudget,
): readonly string[] {
  if (isBoolean) return ["true", "false"];
  // A held condition that every value must fit leaves only its own values to look at.
  const base = held
    .filter((condition) => isText(condition) && condition.operator?.negated === false)
    .filter(({ operator }) => (isMultivalued ? operator?.qualifier === "ForAllValues" : !operator?.qualifier))
    .sort((one, other) => one.patterns.length - other.patterns.length)[0];
  const aims = [
    ...held.filter((condition) => condition !== base).flatMap((condition) => listAims(condition, true)),
    ...failed.flatMap((condition) => listAims(condition, false)),
  ];
  const bases: readonly Pattern[] = base?.patterns ?? [anyValue];
  return bases.flatMap((pattern) =>
    findTexts(pattern, [], aims, [sampleText(pattern)], budget).map(({ text }) => text),
  );
}

function listAims(condition: CompiledCondition, held: boolean): readonly TextGoal[] {
  if (!isText(condition)) return [];
  const wanted = held === (condition.operator?.negated === false) ? "matched" : "avoided";
  return condition.patterns.map((pattern) => ({ pattern, wanted }));
}

function listNumbers(conditions: readonly CompiledCondition[]): readonly string[] {
  const bounds = [...new Set(conditions.flatMap(({ numbers }) => numbers))].sort((one, other) => one - other);
  if (bounds.length === 0) return [];
  // Beyond the outermost bounds a step must be large enough to be seen in a floating-point number.
  const step = (bound: number): number => Math.max(1, Math.abs(bound));
  const between = bounds.map((bound, index) => {
    const next = bounds[index + 1];
    return next === undefined ? Math.min(Number.MAX_VALUE, bound + step(bound)) : bound / 2 + next / 2;
  });
  const [least = 0] = bounds;
  const isDate = conditions.some(({ operator }) => operator?.family === "date");
  const values = [Math.max(-Number.MAX_VALUE, least - step(least)), ...bounds, ...between];
  const texts = values.map(String);
  return isDate ? [...values.flatMap(printDate), ...texts] : texts;
}

/** Dates are told as people write them; those that ISO 8601 has no four-digit year for stay seconds. */
function printDate(seconds: number): readonly string[] {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()) || date.getTime() !== seconds * 1000) return [];
  const year = date.getUTCFullYear();
  return year < 0 || year > 9999 ? [] : [date.toISOString()];
}

function listAddresses(conditions: readonly CompiledCondition[]): readonly string[] {
  const ranges = conditions.flatMap((condition) => condition.ranges);
  if (ranges.length === 0) return [];
  const edges = ranges.flatMap(({ family, first, last }) => {
    const top = (1n << (family === 4 ? 32n : 128n)) - 1n;
    return [first, last, first - 1n, last + 1n]
      .filter((value) => value >= 0n && value <= top)
      .map((value) => printAddress(family, value));
  });
  return [...edges, "203.0.113.1", "2001:db8:0:0:0:0:0:1"];
}
