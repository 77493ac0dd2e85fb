import type { Clause, PolicyDocument, PolicyStatement, PolicyVersion } from "./document.ts";
import type { Condition, PolicyPrincipal } from "./grant.ts";
import { findOperator, type Operator, spellOperator } from "./operator.ts";
import { normalisePrincipal } from "./principal.ts";
import { printAddress, readAddressRange, readDate, readNumber } from "./scalar.ts";
import { spellTemplate } from "./template.ts";

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
export function canonicalText(document: PolicyDocument, partition = "aws"): string {
  const statements = document.statements
    .filter((statement) => !isIdle(statement))
    .map((statement) => printStatement(canonicalise(statement, document.version, partition)));
  return [...new Set(statements)].sort().join("\n");
}

/** Whether a statement has no effect: its actions, resources or principals are an empty list. */
export function isIdle({ actions, resources, principals }: PolicyStatement): boolean {
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
  const arns = resources && mapClause(resources, (text) => spellTemplate(text, version));
  const names =
    principals &&
    mapClause(principals, (principal) => principalText(normalisePrincipal(principal, partition)));
  return {
    effect,
    actions: mapClause(actions, (text) => canonicalAction(text)),
    ...(arns && { resources: arns }),
    ...(names && { principals: { ...names, entries: names.entries.map(readPrincipalText) } }),
    conditions: conditions.map((condition) => canonicalCondition(condition, version)),
  };
}

/** A canonical statement as one line. */
export function printStatement({
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

function readPrincipalText(text: string): PolicyPrincipal {
  const id = text.slice(text.indexOf(" ") + 1);
  for (const type of ["Service", "Federated", "CanonicalUser"] as const) {
    if (text.startsWith(`${type} `)) return { type, id };
  }
  return { type: "AWS", id };
}

function mapClause<Entry>(
  { negated, entries }: Clause<Entry>,
  print: (entry: Entry) => string,
): Clause<string> {
  return { negated, entries: [...new Set(entries.map(print))].sort() };
}

function canonicalAction(text: string): string {
  const action = spellTemplate(text.toLowerCase(), undefined);
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
  const plain =
    operator.family === "string" && !texts.some((text) => /[*?]/.test(text.replaceAll(/\$\{.\}/g, "")));
  const spelled = name.replace("ArnEquals", "ArnLike").replace("ArnNotEquals", "ArnNotLike");
  return {
    operator:
      plain && operator.comparator === "like" ? spellOperator(spelled.replace("Like", "Equals")) : spelled,
    key,
    values: [...new Set(texts)].sort(),
  };
}

function canonicalValue(value: string, operator: Operator, version: PolicyVersion | undefined): string {
  switch (operator.family) {
    case "string":
    case "arn": {
      const text = spellTemplate(value, version, operator.comparator === "like");
      return operator.ignoreCase ? text.toLowerCase() : text;
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
      return `${printAddress(range.family, range.first)}-${printAddress(range.family, range.last)}`;
    }
    case "binary":
      return value;
  }
}
