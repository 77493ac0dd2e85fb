import type { PolicyVersion } from "../model/document.ts";
import type { Condition, PolicyRequest } from "../model/grant.ts";
import { findOperator, type Operator } from "../syntax/operator.ts";
import { type AddressRange, readAddress, readAddressRange, readDate, readNumber } from "../syntax/scalar.ts";
import { foldText, parseTokens, readVariable, type Token } from "../syntax/tokens.ts";
import { matchesArn, matchesText } from "./glob.ts";

/** The values of a request by lower-cased key; a key without values is absent (IAM: a null data set). */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/** The context of a request as `holdsCondition` reads it. */
export function readContext({ context }: PolicyRequest): RequestContext {
  const keys = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(context)) {
    const values = typeof value === "string" ? [value] : value;
    if (values.length > 0) keys.set(key.toLowerCase(), values);
  }
  return keys;
}

/**
 * Puts a request's values in the place of variables. Undefined where a variable has none: such a pattern matches
 * nothing. A key of several values cannot stand in a text.
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

/** Whether a condition holds in a request; one whose operator IAM does not have never does. */
export function holdsCondition(
  condition: Condition,
  context: RequestContext,
  version: PolicyVersion | undefined,
): boolean {
  const operator = findOperator(condition.operator);
  if (operator === undefined) return false;
  const values = context.get(condition.key);
  if (operator.family === "null") {
    // Always true and always false (IAM Access Analyzer's policy checks: Null with qualifier).
    if (operator.qualifier !== undefined) return operator.qualifier === "ForAllValues";
    return condition.values.some((value) => value.toLowerCase() === String(values === undefined));
  }
  if (values === undefined) return holdsWhenAbsent(operator);
  const matches = (value: string): boolean =>
    condition.values.some((wanted) => matchesValue(operator, wanted, value, context, version));
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
  return qualifier === undefined && negated;
}

function matchesValue(
  operator: Operator,
  wanted: string,
  value: string,
  context: RequestContext,
  version: PolicyVersion | undefined,
): boolean {
  switch (operator.family) {
    case "string":
    case "arn": {
      const template = parseTokens(wanted, version, operator.comparator === "like");
      if (operator.family === "arn")
        return matchesArn(template, value, (part) => resolveVariables(part, context));
      const pattern = resolveVariables(template, context);
      if (pattern === undefined) return false;
      return operator.ignoreCase ? equalsIgnoringCase(pattern, value) : matchesText(pattern, value);
    }
    case "bool":
      return wanted.toLowerCase() === value.toLowerCase();
    case "binary":
      return wanted === value;
    case "numeric":
      return compareScalars(operator, readNumber(value), readNumber(wanted));
    case "date":
      return compareScalars(operator, readDate(value), readDate(wanted));
    case "ip":
      return withinRange(readAddress(value), readAddressRange(wanted));
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
  if (value === undefined || range === undefined) return false;
  return value.family === range.family && value.first >= range.first && value.last <= range.last;
}
