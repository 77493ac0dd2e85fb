import type {
  Clause,
  PolicyDocument,
  PolicyObject,
  PolicyStatement,
  PolicyVersion,
} from "../model/document.ts";
import type { Condition, PolicyPrincipal } from "../model/grant.ts";
import { findOperator, type Operator } from "./operator.ts";
import { toDocument } from "./parse.ts";
import { canonicalPrincipal } from "./principal.ts";
import { printRange, readAddressRange, readDate, readNumber } from "./scalar.ts";
import { canonicalPattern, foldText } from "./tokens.ts";

/** A statement in the one spelling that its meaning has: patterns are as version 2012-10-17 would write them. */
export interface CanonicalStatement {
  readonly effect: "Allow" | "Deny";
  /** Lower-cased. */
  readonly actions: Clause<string>;
  readonly resources?: Clause<string>;
  readonly principals?: Clause<PolicyPrincipal>;
  readonly conditions: readonly Condition[];
}

/**
 * The canonical form of a document as text: documents of equal text give equal grants. Order, scalar or list, doubles,
 * Sid, Id, the case of actions and keys, and spellings of one value do not show in it.
 */
export function canonicalText(source: PolicyDocument | PolicyObject, partition = "aws"): string {
  const document = toDocument(source);
  const statements = document.statements
    .filter((statement) => !hasNoEffect(statement))
    .map((statement) => statementLine(canonicalise(statement, document.version, partition)));
  return [...new Set(statements)].sort().join("\n");
}

/** Whether a statement has no effect: its actions, resources or principals are an empty list. */
export function hasNoEffect({ actions, resources, principals }: PolicyStatement): boolean {
  return [actions, resources, principals].some(
    (clause) => clause !== undefined && !clause.negated && clause.entries.length === 0,
  );
}

/** Brings a statement into canonical form. */
export function canonicalise(
  { effect, actions, resources, principals, conditions }: PolicyStatement,
  version: PolicyVersion | undefined,
  partition: string,
): CanonicalStatement {
  const isIdentity = principals === undefined;
  const arns = resources && mapClause(resources, (text) => canonicalArn(text, version, isIdentity));
  return {
    effect,
    actions: mapClause(actions, canonicalAction),
    ...(arns && { resources: arns }),
    ...(principals && { principals: normalisePrincipals(principals, partition) }),
    conditions: conditions.map((condition) => canonicalCondition(condition, version)),
  };
}

/** A canonical statement as one line. */
export function statementLine({
  effect,
  actions,
  resources,
  principals,
  conditions,
}: CanonicalStatement): string {
  const atoms = [...new Set(conditions.map(conditionText))].sort();
  const names = principals && { ...principals, entries: principals.entries.map(principalText) };
  return JSON.stringify([effect, actions, resources ?? null, names ?? null, atoms]);
}

/** A condition as one line: equal lines mean equal conditions, where the condition is canonical. */
export function conditionText({ operator, key, values }: Condition): string {
  return JSON.stringify([operator, key, ...values]);
}

/** A principal as one line. */
export function principalText({ type, id }: PolicyPrincipal): string {
  return `${type} ${id}`;
}

function mapClause({ negated, entries }: Clause<string>, spell: (entry: string) => string): Clause<string> {
  return { negated, entries: [...new Set(entries.map(spell))].sort() };
}

function normalisePrincipals(
  { negated, entries }: Clause<PolicyPrincipal>,
  partition: string,
): Clause<PolicyPrincipal> {
  return { negated, entries: sortPrincipals(entries.map((entry) => canonicalPrincipal(entry, partition))) };
}

/** Principals by their texts, each once. */
export function sortPrincipals(principals: readonly PolicyPrincipal[]): readonly PolicyPrincipal[] {
  const byText = new Map(principals.map((principal) => [principalText(principal), principal]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, principal]) => principal);
}

/**
 * The one spelling of a pattern of ARNs. In an identity policy the parts that it lacks are `*` (IAM User Guide: IAM
 * identifiers): `arn:aws:sqs` is `arn:aws:sqs:*:*:*`.
 */
export function canonicalArn(text: string, version: PolicyVersion | undefined, isIdentity: boolean): string {
  const spelled = canonicalPattern(text, version);
  if (!isIdentity || !spelled.startsWith("arn:")) return spelled;
  // The colons of a variable's key part nothing.
  const parts = spelled.replaceAll(/\$\{[^}]*\}/g, "").split(":").length;
  return spelled + ":*".repeat(Math.max(0, 6 - parts));
}

/** The one spelling of a pattern of actions: lower case. */
export function canonicalAction(text: string): string {
  const action = canonicalPattern(foldText(text), undefined);
  return action === "*:*" ? "*" : action;
}

/** Brings a condition into canonical form: one operator where two say the same, one spelling of each value. */
function canonicalCondition(
  { operator: name, key, values }: Condition,
  version: PolicyVersion | undefined,
): Condition {
  const operator = findOperator(name);
  if (operator === undefined) return { operator: name, key, values };
  const texts = values.map((value) => canonicalValue(value, operator, version));
  const hasWildcards = texts.some((text) => /[*?]/.test(text.replaceAll(/\$\{.\}/g, "")));
  const isEquals = operator.family === "string" && operator.comparator === "like" && !hasWildcards;
  // ArnEquals is ArnLike; StringLike without wildcards is StringEquals.
  return {
    operator: isEquals
      ? operator.name.replace("Like", "Equals")
      : operator.name.replace(/Arn(Not)?Equals/, "Arn$1Like"),
    key,
    values: [...new Set(texts)].sort(),
  };
}

function canonicalValue(value: string, operator: Operator, version: PolicyVersion | undefined): string {
  switch (operator.family) {
    case "string":
    case "arn": {
      const text = canonicalPattern(value, version, operator.comparator === "like");
      return operator.ignoreCase ? foldText(text) : text;
    }
    case "bool":
    case "null":
      return value.toLowerCase();
    case "numeric":
      return String(readNumber(value) ?? value);
    case "date": {
      const time = readDate(value);
      return time === undefined ? value : String(time / 1000);
    }
    case "ip": {
      const range = readAddressRange(value);
      if (range === undefined) return value;
      return printRange(range);
    }
    case "binary":
      return value;
  }
}
