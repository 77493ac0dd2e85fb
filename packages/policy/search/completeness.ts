import type { Combination } from "../compiled/combination.ts";
import { type CompiledCondition, findValueKind, groupByKey } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import { areDisjoint, coversPattern } from "../pattern/cover.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { uniqueBy } from "../support/unique.ts";
import type { SidedStatement } from "./sided-statement.ts";

/**
 * Returns true only if the values that `listAssignments` tries for policy variables show every difference that any
 * values show. The unknown text avoids every pattern that can be avoided. So only patterns that show a difference by
 * matching could need other values, and each two of these must be disjoint, or one covers the other, or one is a
 * literal that the other can equal with one value only.
 */
export function areComplete(
  combination: Combination,
  from: CompiledStatement,
  near: readonly SidedStatement[],
  keys: readonly string[],
  profile: KeyProfile,
): boolean {
  // A multivalued key has no single value to substitute.
  if (keys.some((key) => profile.multivalued.has(key))) return false;
  const resources = near.flatMap(({ statement, list }) =>
    statement.resources && statement.resources.negated !== (list === "rightDenies")
      ? statement.resources.entries
      : [],
  );
  if (!haveOnlyPlainPairs([combination.resource?.selector ?? [], ...resources].flat())) return false;
  const conditions = [
    ...from.conditions.map((condition) => ({ condition, held: true })),
    ...near.flatMap(({ statement, list }) =>
      statement.conditions.map((condition) => ({ condition, held: list === "rightDenies" })),
    ),
  ];
  // Conditions that show a difference if the value matches a pattern.
  const matched = conditions
    .filter(({ condition, held }) => held !== (condition.operator?.negated === true))
    .map(({ condition }) => condition);
  const families = groupByKey(matched);
  const isAssigned = ({ canonical }: CompiledCondition): boolean => keys.includes(canonical.key);
  return (
    [...families.values()].every((own) => haveOnlyPlainPairs(own.flatMap(({ patterns }) => patterns))) &&
    matched.every(
      (condition) =>
        !condition.patterns.some(({ ignoreCase, hasVariables }) => ignoreCase && hasVariables) &&
        (!isAssigned(condition) || hasListedValues(condition)),
    ) &&
    conditions.every(({ condition }) => !isAssigned(condition) || isTextual(condition))
  );
}

/** Returns whether every value that fits a condition is one that `listAssignments` tries. */
function hasListedValues({ patterns }: CompiledCondition): boolean {
  return patterns.every((pattern) => pattern.literal !== undefined || isVariableAlone(pattern));
}

/** Returns whether a condition compares texts, if anything. The unknown text is no number, date or address. */
function isTextual(condition: CompiledCondition): boolean {
  return condition.operator !== undefined && (findValueKind(condition) ?? "text") === "text";
}

/** Returns whether each two patterns are a plain pair; false also if there are too many to check. */
function haveOnlyPlainPairs(patterns: readonly Pattern[]): boolean {
  const distinct = uniqueBy(patterns, ({ ignoreCase, text }) => `${ignoreCase} ${text}`);
  if (!distinct.some(({ hasVariables }) => hasVariables)) return true;
  if (distinct.length > 64 || distinct.reduce((sum, { text }) => sum + text.length, 0) > 8192) return false;
  return distinct.every((one, index) => distinct.slice(index + 1).every((other) => isPlainPair(one, other)));
}

/** Returns whether the values that are tried show every way in which two patterns can match one text. */
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

function isVariableAlone({ tokens }: Pattern): boolean {
  return tokens.length === 1 && typeof tokens[0] === "string";
}

/** Returns whether a pattern is one variable among fixed characters: at most one value makes it a given literal. */
function isNearlyLiteral({ tokens }: Pattern): boolean {
  return (
    tokens.filter((token) => typeof token === "string").length === 1 &&
    tokens.every((token) => typeof token === "string" || token >= 0)
  );
}
