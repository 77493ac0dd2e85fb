import type { Clause, PolicyDocument, PolicyObject, PolicyStatement } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { toDocument } from "./parse.ts";

/** Prints a policy as IAM accepts it: actions, keys and values as written, lists sorted. Throws `PolicySyntaxError`. */
export function printPolicy(source: PolicyDocument | PolicyObject): string {
  const { version, id, statements } = toDocument(source);
  return JSON.stringify(
    {
      ...(version && { Version: version }),
      ...(id !== undefined && { Id: id }),
      Statement: statements.map(printStatement),
    },
    undefined,
    2,
  );
}

function printStatement(statement: PolicyStatement): object {
  const { sid, effect, actions, resources, principals } = statement;
  const conditions = printConditions(statement);
  return {
    ...(sid !== undefined && { Sid: sid }),
    Effect: effect,
    ...(principals && { [nameElement("Principal", principals)]: printPrincipals(principals.entries) }),
    [nameElement("Action", actions)]: printList(actions.entries),
    ...(resources && { [nameElement("Resource", resources)]: printList(resources.entries) }),
    ...(conditions && { Condition: conditions }),
  };
}

function nameElement<Entry>(name: string, { negated }: Clause<Entry>): string {
  return negated ? `Not${name}` : name;
}

function printList(values: readonly string[]): string | readonly string[] {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : values;
}

function printPrincipals(principals: readonly PolicyPrincipal[]): object | "*" {
  const [first] = principals;
  if (principals.length === 1 && first?.type === "AWS" && first.id === "*") return "*";
  const types = Map.groupBy(principals, ({ type }) => type);
  return Object.fromEntries([...types].map(([type, ids]) => [type, printList(ids.map(({ id }) => id))]));
}

function printConditions({ conditions }: PolicyStatement): object | undefined {
  if (conditions.length === 0) return undefined;
  const operators = Map.groupBy(conditions, ({ written }) => written.operator);
  return Object.fromEntries(
    [...operators].map(([operator, keys]) => [
      operator,
      Object.fromEntries(keys.map(({ written, values }) => [written.key, printList(values)])),
    ]),
  );
}
