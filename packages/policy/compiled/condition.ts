import type { Condition } from "../model/grant.ts";
import { acceptsText } from "../pattern/accepts.ts";
import { compileArn, compileText, type Pattern } from "../pattern/pattern.ts";
import { conditionText } from "../syntax/canonical.ts";
import { findOperator, type Operator } from "../syntax/operator.ts";
import { type AddressRange, readAddress, readAddressRange, readDate, readNumber } from "../syntax/scalar.ts";

/** One condition made ready for comparing, in canonical form. */
export interface CompiledCondition {
  /** In canonical form. */
  readonly canonical: Condition;
  /** As it stands in the document, in words that mean the same in version 2012-10-17. */
  readonly written: Condition;
  /** Equal texts mean equal conditions. */
  readonly text: string;
  /** Undefined where IAM has no such operator. */
  readonly operator: Operator | undefined;
  /** The values that are texts or patterns of texts. */
  readonly patterns: readonly Pattern[];
  /** The values that are numbers, or dates as seconds since 1970. */
  readonly numbers: readonly number[];
  readonly ranges: readonly AddressRange[];
}

/** Makes a canonical condition ready for comparing. */
export function compileCondition(canonical: Condition, written: Condition): CompiledCondition {
  const operator = findOperator(canonical.operator);
  const { values } = canonical;
  return {
    canonical,
    written,
    text: conditionText(canonical),
    operator,
    patterns: operator === undefined ? [] : values.flatMap((value) => compileValue(value, operator)),
    numbers:
      operator?.family === "numeric" || operator?.family === "date"
        ? values.flatMap((value) => readNumber(value) ?? [])
        : [],
    ranges: operator?.family === "ip" ? values.flatMap((value) => readAddressRange(value) ?? []) : [],
  };
}

function compileValue(value: string, { family, ignoreCase }: Operator): readonly Pattern[] {
  switch (family) {
    case "arn":
      return [compileArn(value, value)];
    case "string":
      return [compileText(value, value, ignoreCase)];
    case "bool":
      return [compileText(escapeText(value), value, true)];
    case "binary":
      return [compileText(escapeText(value), value)];
    case "numeric":
    case "date":
    case "ip":
    case "null":
      return [];
  }
}

/** A plain text as a pattern that matches it alone. */
function escapeText(text: string): string {
  return text.replaceAll(/[*?]|\$(?=\{)/g, (char) => `\${${char}}`);
}

/**
 * Whether one value of a present key is what a condition asks of it; for a key of several values the qualifier then says
 * whether one or all of them must be.
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

/** Whether a condition holds when its key is absent. */
export function holdsWhenAbsent({ operator, canonical }: CompiledCondition): boolean {
  if (operator === undefined) return false;
  const { family, qualifier, ifExists, negated } = operator;
  if (family === "null" && qualifier === undefined) return canonical.values.includes("true");
  return ifExists || qualifier === "ForAllValues" || (negated && qualifier === undefined);
}

/** Whether a condition asks for one value that fits, where a key has several; otherwise all must fit. */
export function needsOneValue({ operator }: CompiledCondition): boolean {
  if (operator?.qualifier !== undefined) return operator.qualifier === "ForAnyValue";
  return operator?.negated !== true;
}
