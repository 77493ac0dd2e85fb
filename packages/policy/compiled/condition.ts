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
    patterns: operator === undefined ? [] : values.flatMap((value) => compileValue(value, operator)),
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
  const { operator, patterns, numbers, ranges, canonical } = condition;
  switch (operator?.family) {
    case undefined:
      return false;
    case "null":
      if (operator.qualifier !== undefined) return operator.qualifier === "ForAllValues";
      return canonical.values.includes("false");
    case "string":
    case "arn":
    case "bool":
    case "binary":
      return patterns.some((pattern) => acceptsText(pattern, value)) !== operator.negated;
    case "numeric":
    case "date": {
      const number = readValue(value, operator);
      return (
        numbers.some((bound) => number !== undefined && isInOrder(operator, number, bound)) !==
        operator.negated
      );
    }
    case "ip": {
      const address = readAddress(value);
      return ranges.some((range) => address !== undefined && isWithin(address, range)) !== operator.negated;
    }
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
  if (operator === undefined) return false;
  const { family, qualifier, ifExists, negated } = operator;
  if (family === "null" && qualifier === undefined) return canonical.values.includes("true");
  return ifExists || qualifier === "ForAllValues" || (negated && qualifier === undefined);
}

/** Returns whether one fitting value of a multivalued key is enough; otherwise all values must fit. */
export function needsOneValue({ operator }: CompiledCondition): boolean {
  if (operator?.qualifier !== undefined) return operator.qualifier === "ForAnyValue";
  return operator?.negated !== true;
}
