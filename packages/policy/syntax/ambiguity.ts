import type { PolicyStatement } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { findOperator, type Operator } from "./operator.ts";
import { readIdentity } from "./principal.ts";
import { readAddressRange, readDate, readNumber } from "./scalar.ts";

// The longest ARN has 2,048 characters (IAM User Guide, "IAM and AWS STS quotas").
const maxTextLength = 2048;

/**
 * Returns why the meaning of a statement is uncertain, as a clause that begins with "it" or "its": AWS documents it not
 * at all or in two ways, or may read a value differently. Returns undefined if the meaning is certain.
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
  if (principals?.negated && exemptsAccountAndMember(principals.entries)) {
    return "its NotPrincipal names an account and one of its own principals, which AWS does not explain";
  }
  const texts = [actions, resources, ...conditions.map(({ values }) => ({ entries: values }))].flatMap(
    (clause) => clause?.entries ?? [],
  );
  if (texts.some(({ length }) => length > maxTextLength)) {
    return `it has a pattern or value of more than ${maxTextLength} characters`;
  }
  if (texts.some(hasPrivateUse)) {
    return "it has a character that IAM does not accept";
  }
  const short = resources?.entries.find(isShortArn);
  if (short) {
    return `its resource ${short} is a short ARN with a wildcard inside, which AWS does not explain`;
  }
  return conditions.map(findConditionAmbiguity).find((ambiguity) => ambiguity);
}

// The comparison uses these characters for the unknown values of policy variables (`pattern/automaton.ts`).
function hasPrivateUse(text: string): boolean {
  return /[\ue000-\uf8ff]/.test(text);
}

// A Deny with NotPrincipal that exempts a user must name their account too, without exempting all of the account
// (IAM User Guide, "NotPrincipal element").
function exemptsAccountAndMember(principals: readonly PolicyPrincipal[]): boolean {
  const identities = principals.flatMap((one) => readIdentity(one) ?? []);
  const accounts = new Set(identities.flatMap(({ name, account }) => (name === "root" ? [account] : [])));
  return identities.some(({ name, account }) => name !== "root" && accounts.has(account));
}

/** Whether an ARN has too few parts, and one that ends in a wildcard before the last: AWS may let it match colons. */
function isShortArn(arn: string): boolean {
  const parts = arn.split(":");
  const first = parts.findIndex((part) => part.endsWith("*"));
  return parts.length < 6 && first >= 0 && parts.slice(first + 1).some((part) => part !== "*");
}

function findConditionAmbiguity({
  operator: name,
  key,
  values,
}: PolicyStatement["conditions"][number]): string | undefined {
  const operator = findOperator(name);
  if (!operator) return `its condition operator ${name} is not one of IAM's`;
  const isPlain = !operator.qualifier && !operator.ifExists;
  if (values.length === 0 && (operator.negated || isPlain)) {
    return `its condition ${name} on ${key} has no values, which AWS does not explain`;
  }
  if (operator.ignoreCase && values.some((value) => /[^ -~]/.test(value))) {
    return `its condition ${name} on ${key} ignores the case of letters beyond ASCII, which AWS does not explain`;
  }
  const unreadable = values.find((value) => !isReadable(value, operator));
  if (unreadable === undefined) return undefined;
  return `its condition ${name} on ${key} has the value ${JSON.stringify(unreadable.slice(0, 80))}, which cannot be read`;
}

/** Whether a value has the type of its operator. IAM may read other spellings, or refuse them. */
function isReadable(value: string, { family }: Operator): boolean {
  switch (family) {
    case "numeric":
      return readNumber(value) !== undefined;
    case "date":
      // Four digits are a year in ISO 8601, but a second of 1970 as epoch time.
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
