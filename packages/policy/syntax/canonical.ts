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

/** A statement in canonical spelling. Its patterns are written as in version 2012-10-17. */
export interface CanonicalStatement {
  readonly effect: "Allow" | "Deny";
  /** Lower-cased. */
  readonly actions: Clause<string>;
  readonly resources?: Clause<string>;
  readonly principals?: Clause<PolicyPrincipal>;
  readonly conditions: readonly Condition[];
}

/**
 * Returns the canonical form of a policy as text. Policies of equal text allow and deny the same. Order, scalar or list,
 * repetition, Sid, Id, the case of actions and keys, and different spellings of a value make no difference. Throws
 * `PolicySyntaxError` if an object is not a policy.
 */
export function canonicalText(source: PolicyDocument | PolicyObject, partition = "aws"): string {
  const document = toDocument(source);
  const statements = document.statements
    .filter((statement) => !hasNoEffect(statement))
    .map((statement) => statementLine(canonicalStatement(statement, document.version, partition)));
  return [...new Set(statements)].sort().join("\n");
}

/** Whether a statement has no effect because its actions, resources or principals are an empty list. */
export function hasNoEffect({ actions, resources, principals }: PolicyStatement): boolean {
  return [actions, resources, principals].some(
    (clause) => clause?.negated === false && clause.entries.length === 0,
  );
}

/** Returns the canonical form of a statement of a document of some version. */
export function canonicalStatement(
  { effect, actions, resources, principals, conditions }: PolicyStatement,
  version: PolicyVersion | undefined,
  partition: string,
): CanonicalStatement {
  const isIdentity = !principals;
  const arns = resources && mapClause(resources, (text) => canonicalArn(text, version, isIdentity));
  return {
    effect,
    actions: mapClause(actions, canonicalAction),
    ...(arns && { resources: arns }),
    ...(principals && { principals: canonicalPrincipals(principals, partition) }),
    conditions: conditions.map((condition) => canonicalCondition(condition, version)),
  };
}

/** Prints a canonical statement as one line. Statements of equal lines are equal. */
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

/** Prints a condition as one line. Canonical conditions of equal lines are equal. */
export function conditionText({ operator, key, values }: Condition): string {
  return JSON.stringify([operator, key, ...values]);
}

/** Prints a principal as one line. */
export function principalText({ type, id }: PolicyPrincipal): string {
  return `${type} ${id}`;
}

function mapClause({ negated, entries }: Clause<string>, spell: (entry: string) => string): Clause<string> {
  return { negated, entries: [...new Set(entries.map(spell))].sort() };
}

function canonicalPrincipals(
  { negated, entries }: Clause<PolicyPrincipal>,
  partition: string,
): Clause<PolicyPrincipal> {
  return { negated, entries: sortPrincipals(entries.map((entry) => canonicalPrincipal(entry, partition))) };
}

/** Sorts principals by their texts, each once. */
export function sortPrincipals(principals: readonly PolicyPrincipal[]): readonly PolicyPrincipal[] {
  const byText = new Map(principals.map((principal) => [principalText(principal), principal]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, principal]) => principal);
}

/**
 * Returns the canonical spelling of an ARN pattern. In an identity policy, missing parts are `*`: `arn:aws:sqs` becomes
 * `arn:aws:sqs:*:*:*` (IAM User Guide, "IAM identifiers").
 */
export function canonicalArn(text: string, version: PolicyVersion | undefined, isIdentity: boolean): string {
  const pattern = canonicalPattern(text, version);
  if (!isIdentity || !pattern.startsWith("arn:")) return pattern;
  // The colons in a variable's key do not separate parts.
  const parts = pattern.replaceAll(/\$\{[^}]*\}/g, "").split(":").length;
  return pattern + ":*".repeat(Math.max(0, 6 - parts));
}

/** Returns the canonical spelling of an action pattern: lower case, `*` for `*:*`. */
export function canonicalAction(text: string): string {
  const action = canonicalPattern(foldText(text), undefined);
  return action === "*:*" ? "*" : action;
}

/** Returns the canonical form of a condition: one operator where two mean the same, one spelling of each value. */
function canonicalCondition(
  { operator: name, key, values }: Condition,
  version: PolicyVersion | undefined,
): Condition {
  const operator = findOperator(name);
  if (!operator) return { operator: name, key, values };
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
      return range ? printRange(range) : value;
    }
    case "binary":
      return value;
  }
}
