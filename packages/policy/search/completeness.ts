import type { Combination } from "../compiled/combination.ts";
import type { CompiledCondition } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import { areDisjoint, coversPattern } from "../pattern/cover.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { uniqueBy } from "../support/unique.ts";
import type { SidedStatement } from "./sided-statement.ts";

/**
 * Whether the values that are tried for policy variables show whatever difference any values show. An unknown text
 * avoids all that a text can avoid, so only patterns that make a difference by matching could show more: these must
 * meet in whole literals, or one within the other, or not at all.
 */
export function areComplete(
  combination: Combination,
  from: CompiledStatement,
  players: readonly SidedStatement[],
  keys: readonly string[],
  profile: KeyProfile,
): boolean {
  // A key of several values has no one value to put in a text.
  if (keys.some((key) => profile.multivalued.has(key))) return false;
  const resources = players.flatMap(({ statement, list }) =>
    statement.resources !== undefined && statement.resources.negated !== (list === "rightDenies")
      ? statement.resources.entries
      : [],
  );
  if (!meetPlainly([...(combination.resource ? [combination.resource.selector] : []), ...resources]))
    return false;
  const conditions = [
    ...from.conditions.map((condition) => ({ condition, held: true })),
    ...players.flatMap(({ statement, list }) =>
      statement.conditions.map((condition) => ({ condition, held: list === "rightDenies" })),
    ),
  ];
  const matched = conditions.filter(({ condition, held }) => held !== (condition.operator?.negated === true));
  const families = Map.groupBy(matched, ({ condition }) => condition.canonical.key);
  return (
    [...families.values()].every((own) => meetPlainly(own.flatMap(({ condition }) => condition.patterns))) &&
    matched.every(({ condition }) => !condition.patterns.some(ignoresCaseOfVariables)) &&
    matched.every(({ condition }) => !keys.includes(condition.canonical.key) || isListed(condition)) &&
    conditions.every(({ condition }) => !keys.includes(condition.canonical.key) || isSingleText(condition))
  );
}

/** Whether all values that a condition asks of its key are tried. */
function isListed({ patterns }: CompiledCondition): boolean {
  return patterns.every((pattern) => pattern.literal !== undefined || isVariableAlone(pattern));
}

/** Numbers, dates and addresses have no unknown value. */
function isSingleText({ operator, canonical }: CompiledCondition): boolean {
  if (operator === undefined) return false;
  return !["numeric", "date", "ip"].includes(operator.family) || canonical.values.length === 0;
}

function meetPlainly(patterns: readonly Pattern[]): boolean {
  const distinct = uniqueBy(patterns, ({ ignoreCase, text }) => `${ignoreCase} ${text}`);
  if (!distinct.some(({ hasVariables }) => hasVariables)) return true;
  // Each is held against each.
  if (distinct.length > 64 || distinct.reduce((sum, { text }) => sum + text.length, 0) > 8192) return false;
  return distinct.every((one, index) => distinct.slice(index + 1).every((other) => isPlainPair(one, other)));
}

function isPlainPair(one: Pattern, other: Pattern): boolean {
  if (!one.hasVariables && !other.hasVariables) return true;
  if (areDisjoint(one, other) || coversPattern(one, other) || coversPattern(other, one)) return true;
  if (one.ignoreCase || other.ignoreCase) return false;
  if (isVariableAlone(one) && isVariableAlone(other)) return true;
  return (
    (one.literal !== undefined && isNearlyLiteral(other)) ||
    (other.literal !== undefined && isNearlyLiteral(one))
  );
}

function ignoresCaseOfVariables({ ignoreCase, hasVariables }: Pattern): boolean {
  return ignoreCase && hasVariables;
}

function isVariableAlone({ tokens }: Pattern): boolean {
  return tokens.length === 1 && typeof tokens[0] === "string";
}

/** One variable among fixed characters: there is no more than one value with which it is a given literal. */
function isNearlyLiteral({ tokens }: Pattern): boolean {
  return (
    tokens.filter((token) => typeof token === "string").length === 1 &&
    tokens.every((token) => typeof token === "string" || token >= 0)
  );
}
