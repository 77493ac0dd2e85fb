import type { PolicyVersion } from "../model/document.ts";
import type { Condition, PolicyRequest } from "../model/grant.ts";
import { findOperator, type Operator } from "../syntax/operator.ts";
import { type AddressRange, readAddress, readAddressRange, readDate, readNumber } from "../syntax/scalar.ts";
import { foldText, parseTokens, readVariable, type Token } from "../syntax/tokens.ts";
import { matchesArn, matchesText } from "./glob.ts";

/** The values of a request by lower-cased key. A key with an empty list of values is absent (in IAM: a null data set). */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/** Returns the context of a request for `holdsCondition`. */
export function readContext({ context }: PolicyRequest): RequestContext {
  const keys = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(context)) {
    const values = typeof value === "string" ? [value] : value;
    if (values.length > 0) keys.set(key.toLowerCase(), values);
  }
  return keys;
}

/**
 * Replaces policy variables by the request's values. Returns undefined if a variable has no value, or several: such a
 * pattern matches nothing.
 */
export function resolveVariables(tokens: readonly Token[], context: RequestContext): Token[] | undefined {
  const resolved: Token[] = [];
  for (const token of tokens) {
    if (typeof token === "number") {
      resolved.push(token);
      continue;
    }
    const { key, fallback } = readVariable(token);
    const values = context.get(key) ?? (fallback === undefined ? [] : [fallback]);
    const [value] = values;
    if (value === undefined || values.length > 1) return undefined;
    for (let at = 0; at < value.length; at++) resolved.push(value.charCodeAt(at));
  }
  return resolved;
}

/** Whether a condition holds in a request. A condition with an operator that IAM does not have never holds. */
export function holdsCondition(
  condition: Condition,
  context: RequestContext,
  version: PolicyVersion | undefined,
): boolean {
  const operator = findOperator(condition.operator);
  if (!operator) return false;
  const values = context.get(condition.key);
  if (operator.family === "null") {
    // Null is always true with ForAllValues and always false with ForAnyValue (IAM Access Analyzer policy check
    // reference, "Null with qualifier").
    if (operator.qualifier) return operator.qualifier === "ForAllValues";
    return condition.values.some((value) => value.toLowerCase() === String(values === undefined));
  }
  if (!values) return holdsWhenAbsent(operator);
  const matches = (value: string): boolean =>
    condition.values.some((expected) => matchesValue(operator, expected, value, context, version));
  if (operator.qualifier === "ForAllValues") {
    return values.every((value) => matches(value) !== operator.negated);
  }
  if (operator.qualifier === "ForAnyValue") {
    return values.some((value) => matches(value) !== operator.negated);
  }
  return values.some(matches) !== operator.negated;
}

function holdsWhenAbsent({ qualifier, ifExists, negated }: Operator): boolean {
  if (ifExists || qualifier === "ForAllValues") return true;
  return !qualifier && negated;
}

function matchesValue(
  operator: Operator,
  expected: string,
  value: string,
  context: RequestContext,
  version: PolicyVersion | undefined,
): boolean {
  switch (operator.family) {
    case "string":
    case "arn": {
      const tokens = parseTokens(expected, version, operator.comparator === "like");
      if (operator.family === "arn")
        return matchesArn(tokens, value, (part) => resolveVariables(part, context));
      const pattern = resolveVariables(tokens, context);
      if (!pattern) return false;
      return operator.ignoreCase ? equalsIgnoringCase(pattern, value) : matchesText(pattern, value);
    }
    case "bool":
      return expected.toLowerCase() === value.toLowerCase();
    case "binary":
      return expected === value;
    case "numeric":
      return compareScalars(operator, readNumber(value), readNumber(expected));
    case "date":
      return compareScalars(operator, readDate(value), readDate(expected));
    case "ip":
      return withinRange(readAddress(value), readAddressRange(expected));
    case "null":
      return false;
  }
}

function equalsIgnoringCase(pattern: readonly Token[], value: string): boolean {
  const text = pattern
    .map((token) => (typeof token === "number" ? String.fromCharCode(token) : token))
    .join("");
  return foldText(text) === foldText(value);
}

function compareScalars(
  { comparator }: Operator,
  value: number | undefined,
  bound: number | undefined,
): boolean {
  if (value === undefined || bound === undefined) return false;
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

function withinRange(value: AddressRange | undefined, range: AddressRange | undefined): boolean {
  if (!value || !range) return false;
  return value.family === range.family && value.first >= range.first && value.last <= range.last;
}
