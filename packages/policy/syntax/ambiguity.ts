import type { PolicyStatement } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { findOperator, type Operator } from "./operator.ts";
import { readIdentity } from "./principal.ts";
import { readAddressRange, readDate, readNumber } from "./scalar.ts";

// An ARN has at most 2,048 characters (IAM quotas).
const longestText = 2048;

/**
 * Why the meaning of a statement is not certain, where it is not: AWS does not say, contradicts itself, or may read a
 * value otherwise than it is read here.
 */
export function findAmbiguity({
  actions,
  resources,
  principals,
  conditions,
}: PolicyStatement): string | undefined {
  if ([actions, resources, principals].some((clause) => clause?.negated && clause.entries.length === 0)) {
    return "it excludes an empty list, which AWS does not explain";
  }
  if (principals?.negated && sparesTwice(principals.entries)) {
    return "its NotPrincipal names an account and one of its own principals, which AWS does not explain";
  }
  const texts = [actions, resources, ...conditions.map(({ values }) => ({ entries: values }))].flatMap(
    (clause) => clause?.entries ?? [],
  );
  if (texts.some(({ length }) => length > longestText)) {
    return `it has a pattern or value of more than ${longestText} characters`;
  }
  if (texts.some(hasStandIn)) {
    return "it has a character that IAM does not take";
  }
  const open = resources?.entries.find(isOpenInside);
  if (open !== undefined) {
    return `its resource ${open} is a short ARN, of whose wildcards AWS does not say how far they reach`;
  }
  return conditions.map(findConditionDoubt).find((doubt) => doubt !== undefined);
}

// What stands for the unknown text of a variable must not be in a policy.
function hasStandIn(text: string): boolean {
  return /[\ue000-\uf8ff]/.test(text);
}

// A Deny that spares a user has to name his account too (NotPrincipal element), and does not spare all of that.
function sparesTwice(principals: readonly PolicyPrincipal[]): boolean {
  const identities = principals.flatMap(({ type, id }) => (type === "AWS" ? (readIdentity(id) ?? []) : []));
  const accounts = new Set(identities.flatMap(({ name, account }) => (name === "root" ? [account] : [])));
  return identities.some(({ name, account }) => name !== "root" && accounts.has(account));
}

/** Whether more follows a wildcard that ends a part of too short an ARN: AWS may let it run past the colon. */
function isOpenInside(arn: string): boolean {
  const parts = arn.split(":");
  const first = parts.findIndex((part) => part.endsWith("*"));
  return parts.length < 6 && first >= 0 && parts.slice(first + 1).some((part) => part !== "*");
}

function findConditionDoubt({
  operator: name,
  key,
  values,
}: PolicyStatement["conditions"][number]): string | undefined {
  const operator = findOperator(name);
  if (operator === undefined) return `its condition operator ${name} is not one of IAM's`;
  const isPlain = operator.qualifier === undefined && !operator.ifExists;
  if (values.length === 0 && (operator.negated || isPlain)) {
    return `its condition ${name} on ${key} has no values, which AWS does not explain`;
  }
  if (operator.ignoreCase && values.some((value) => /[^ -~]/.test(value))) {
    return `its condition ${name} on ${key} ignores the case of letters beyond ASCII, which AWS does not explain`;
  }
  const odd = values.find((value) => !isReadable(value, operator));
  if (odd === undefined) return undefined;
  return `its condition ${name} on ${key} has the value ${JSON.stringify(odd.slice(0, 80))}, which cannot be read`;
}

/** Whether a value can be read as its operator reads it; IAM may read another spelling, or refuse it. */
function isReadable(value: string, { family }: Operator): boolean {
  switch (family) {
    case "numeric":
      return readNumber(value) !== undefined;
    case "date":
      // Four digits are a year to ISO 8601, and a second of 1970 to epoch time.
      return readDate(value) !== undefined && !/^\d{4}$/.test(value);
    case "ip":
      return readAddressRange(value) !== undefined;
    case "bool":
    case "null":
      return /^(?:true|false)$/i.test(value);
    case "string":
    case "arn":
    case "binary":
      return true;
  }
}
