import type { Condition } from "../model/grant.ts";
import { acceptsText } from "../pattern/accepts.ts";
import { compileArn, compileText, type Pattern } from "../pattern/pattern.ts";
import { conditionText } from "../syntax/canonical.ts";
import { findOperator, type Operator } from "../syntax/operator.ts";
import { type AddressRange, readAddress, readAddressRange, readDate, readNumber } from "../syntax/scalar.ts";

/** A condition of a policy, parsed for comparison. */
export interface CompiledCondition {
  /** In canonical form. */
  readonly canonical: Condition;
  /** As the document writes it; in canonical form if that text would mean something else in version 2012-10-17. */
  readonly written: Condition;
  /** The canonical condition as text: equal texts mean equal conditions. */
  readonly text: string;
  /** Undefined where IAM has no such operator. */
  readonly operator: Operator | undefined;
  /** The values of the text operators (string, arn, bool, binary). */
  readonly patterns: readonly Pattern[];
  /** The values of the numeric and date operators; dates in seconds since 1970. */
  readonly numbers: readonly number[];
  /** The values of the address operators. */
  readonly ranges: readonly AddressRange[];
}

/** Parses the values of a condition in canonical form. Values that its operator cannot read are left out. */
export function compileCondition(canonical: Condition, written: Condition): CompiledCondition {
  const operator = findOperator(canonical.operator);
  const { values } = canonical;
  return {
    canonical,
    written,
    text: conditionText(canonical),
    operator,
    patterns: operator ? values.flatMap((value) => compileValue(value, operator)) : [],
    numbers: isNumeric(operator) ? values.flatMap((value) => readNumber(value) ?? []) : [],
    ranges: operator?.family === "ip" ? values.flatMap((value) => readAddressRange(value) ?? []) : [],
  };
}

function isNumeric(operator: Operator | undefined): boolean {
  return operator?.family === "numeric" || operator?.family === "date";
}

function compileValue(value: string, { family, ignoreCase }: Operator): Pattern | readonly [] {
  switch (family) {
    case "arn":
      return compileArn(value, value);
    case "string":
      return compileText(value, value, ignoreCase);
    case "bool":
      return compileText(escapeText(value), value, true);
    case "binary":
      return compileText(escapeText(value), value);
    case "numeric":
    case "date":
    case "ip":
    case "null":
      return [];
  }
}

/** Returns the pattern that matches a text and nothing else. */
function escapeText(text: string): string {
  return text.replaceAll(/[*?]|\$(?=\{)/g, (char) => `\${${char}}`);
}

/**
 * Returns whether one value of a key fits a condition. For a multivalued key, `needsOneValue` says whether one value or
 * all values must fit.
 */
export function holdsForValue(condition: CompiledCondition, value: string): boolean {
  const { operator, canonical } = condition;
  if (!operator) return false;
  const { family, qualifier, negated } = operator;
  if (family !== "null") return fitsValue(condition, operator, value) !== negated;
  if (qualifier) return qualifier === "ForAllValues";
  return canonical.values.includes("false");
}

function fitsValue(
  { patterns, numbers, ranges }: CompiledCondition,
  operator: Operator,
  value: string,
): boolean {
  switch (operator.family) {
    case "string":
    case "arn":
    case "bool":
    case "binary":
      return patterns.some((pattern) => acceptsText(pattern, value));
    case "numeric":
    case "date": {
      const number = readValue(value, operator);
      return number !== undefined && numbers.some((bound) => isInOrder(operator, number, bound));
    }
    case "ip": {
      const address = readAddress(value);
      return address !== undefined && ranges.some((range) => isWithin(address, range));
    }
    case "null":
      return false;
  }
}

function readValue(value: string, { family }: Operator): number | undefined {
  if (family === "numeric") return readNumber(value);
  const time = readDate(value);
  return time === undefined ? undefined : time / 1000;
}

function isInOrder({ comparator }: Operator, value: number, bound: number): boolean {
  switch (comparator) {
    case "less":
      return value < bound;
    case "lessOrEqual":
      return value <= bound;
    case "greater":
      return value > bound;
    case "greaterOrEqual":
      return value >= bound;
    case "equals":
    case "like":
      return value === bound;
  }
}

function isWithin(value: AddressRange, range: AddressRange): boolean {
  return value.family === range.family && value.first >= range.first && value.last <= range.last;
}

/** Returns whether a condition holds for a request that does not have its key. */
export function holdsWhenAbsent({ operator, canonical }: CompiledCondition): boolean {
  if (!operator) return false;
  const { family, qualifier, ifExists, negated } = operator;
  if (family === "null" && !qualifier) return canonical.values.includes("true");
  return ifExists || qualifier === "ForAllValues" || (negated && !qualifier);
}

/** Returns whether one fitting value of a multivalued key is enough; otherwise all values must fit. */
export function needsOneValue({ operator }: CompiledCondition): boolean {
  if (operator?.qualifier) return operator.qualifier === "ForAnyValue";
  return operator?.negated !== true;
}

/** Groups conditions by their key. */
export function groupByKey(
  conditions: readonly CompiledCondition[],
): ReadonlyMap<string, readonly CompiledCondition[]> {
  return Map.groupBy(conditions, ({ canonical }) => canonical.key);
}

/** Returns what kind of values a condition lists; undefined if it lists none that are compared. */
export function findValueKind({
  operator,
  canonical,
}: CompiledCondition): "text" | "numeric" | "date" | "ip" | undefined {
  if (!operator || operator.family === "null" || canonical.values.length === 0) return undefined;
  const { family } = operator;
  return family === "numeric" || family === "date" || family === "ip" ? family : "text";
}
