import {
  type Clause,
  type PolicyDocument,
  type PolicyObject,
  type PolicySource,
  type PolicyStatement,
  type PolicyVersion,
  parsed,
  type StatementCondition,
} from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { PolicySyntaxError } from "../model/syntax-error.ts";
import { type Json, type JsonObject, parseJson } from "./json.ts";
import { findOperator } from "./operator.ts";

const documentElements = ["Version", "Id", "Statement"];
const statementElements = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];
const principalTypes = ["AWS", "Service", "Federated", "CanonicalUser"] as const;

/**
 * Parses a policy as IAM returns or accepts it: the text, plain or percent-encoded, with or without BOM; or the object
 * that JSON.parse makes of the text. Throws `PolicySyntaxError` with the JSON path, or with line and column if the JSON
 * itself is broken.
 */
export function parsePolicy(source: string | PolicyObject): PolicyDocument {
  const text = typeof source === "string" ? decodeText(source) : stringify(source);
  const root = parseJson(text);
  if (!(root instanceof Map)) {
    const kind = isList(root) ? "list" : typeof root === "string" ? "string" : "value";
    fail(`holds a JSON ${kind}, not a policy object`, "$");
  }
  refuseUnknown(root, "$", documentElements);
  const version = parseVersion(root.get("Version"));
  const id = parseText(root.get("Id"), "$.Id");
  const statement = root.get("Statement");
  if (statement === undefined) fail("has no Statement", "$");
  const statements = isList(statement)
    ? statement.map((one, index) => parseStatement(one, `$.Statement[${index}]`))
    : [parseStatement(statement, "$.Statement")];
  return { [parsed]: true, ...(version && { version }), ...(id !== undefined && { id }), statements };
}

/** Returns parsed documents as they are and parses objects. Throws `PolicySyntaxError`. */
export function toDocument(source: PolicyDocument | PolicyObject): PolicyDocument {
  return isParsed(source) ? source : parsePolicy(source);
}

/** Whether a source is a document that this package parsed, or a copy of one by spread. */
export function isParsed(source: PolicySource): source is PolicyDocument {
  return typeof source === "object" && source !== null && parsed in source;
}

/** Returns the text of an object, so that objects and texts are held to the same rules. Throws `PolicySyntaxError`. */
export function stringify(object: PolicyObject): string {
  try {
    // JSON has no text for undefined.
    return JSON.stringify(object) ?? "null";
  } catch {
    fail("it has no JSON text", "$");
  }
}

function fail(message: string, path: string): never {
  throw new PolicySyntaxError(message, path);
}

function decodeText(text: string): string {
  const trimmed = text.replace(/^[\uFEFF\s]+/, "");
  // IAM encodes by RFC 3986 (IAM API reference, GetRolePolicy): a `+` is a plus sign, not a blank.
  if (!/^%7b/i.test(trimmed)) return trimmed;
  try {
    return decodeURIComponent(trimmed).replace(/^\uFEFF/, "");
  } catch {
    fail("the text is percent-encoded incorrectly", "$");
  }
}

function parseVersion(version: Json | undefined): PolicyVersion | undefined {
  if (version === undefined) return undefined;
  if (version === "2012-10-17" || version === "2008-10-17") return version;
  fail("must be 2012-10-17 or 2008-10-17", "$.Version");
}

function parseStatement(json: Json, path: string): PolicyStatement {
  const statement = expectObject(json, path, "a statement");
  refuseUnknown(statement, path, statementElements);
  const sid = parseText(statement.get("Sid"), `${path}.Sid`);
  const effect = statement.get("Effect");
  if (effect !== "Allow" && effect !== "Deny") {
    fail('must be exactly "Allow" or "Deny"', `${path}.Effect`);
  }
  const actions = parseClause(statement, path, "Action", parseTexts);
  const resources = parseClause(statement, path, "Resource", parseTexts);
  const principals = parseClause(statement, path, "Principal", parsePrincipals);
  if (!actions) fail("has neither Action nor NotAction", path);
  if (!resources && !principals) {
    fail("names neither a Resource nor a Principal", path);
  }
  return {
    ...(sid !== undefined && { sid }),
    effect,
    actions,
    ...(resources && { resources }),
    ...(principals && { principals }),
    conditions: parseConditions(statement.get("Condition"), `${path}.Condition`),
  };
}

function parseClause<Entry>(
  statement: JsonObject,
  path: string,
  name: string,
  parseEntries: (json: Json, path: string) => readonly Entry[],
): Clause<Entry> | undefined {
  const positive = statement.get(name);
  const negative = statement.get(`Not${name}`);
  if (positive !== undefined && negative !== undefined) {
    fail(`has both ${name} and Not${name}`, path);
  }
  if (positive !== undefined) {
    return { negated: false, entries: parseEntries(positive, `${path}.${name}`) };
  }
  if (negative === undefined) return undefined;
  return { negated: true, entries: parseEntries(negative, `${path}.Not${name}`) };
}

function parsePrincipals(json: Json, path: string): readonly PolicyPrincipal[] {
  if (json === "*") return [{ type: "AWS", id: "*" }];
  const types = expectObject(json, path, '"*" or an object such as {"Service": …}');
  refuseUnknown(types, path, principalTypes);
  return principalTypes.flatMap((type) => {
    const ids = types.get(type);
    return ids === undefined ? [] : parseTexts(ids, `${path}.${type}`).map((id) => ({ type, id }));
  });
}

function parseConditions(json: Json | undefined, path: string): readonly StatementCondition[] {
  if (json === undefined) return [];
  const conditions: StatementCondition[] = [];
  for (const [operator, keys] of expectObject(json, path, "an object of operators")) {
    const operatorPath = `${path}.${operator}`;
    for (const [key, values] of expectObject(keys, operatorPath, "an object of condition keys")) {
      conditions.push({
        operator: findOperator(operator)?.name ?? operator,
        key: key.toLowerCase(),
        values: parseTexts(values, `${operatorPath}.${key}`),
        written: { operator, key },
      });
    }
  }
  return conditions;
}

/** Parses a value or a list of values into a sorted set. IAM's grammar allows numbers and booleans without quotes. */
function parseTexts(json: Json, path: string): readonly string[] {
  const texts = isList(json)
    ? json.map((one, index) => parseScalar(one, `${path}[${index}]`))
    : [parseScalar(json, path)];
  return [...new Set(texts)].sort();
}

function parseScalar(json: Json, path: string): string {
  if (typeof json === "string") return json;
  if (typeof json === "boolean") return String(json);
  if (json !== null && "number" in json) return json.number;
  fail("must be a string or a list of strings", path);
}

function parseText(json: Json | undefined, path: string): string | undefined {
  if (json === undefined || typeof json === "string") return json;
  fail("must be a string", path);
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

function expectObject(json: Json, path: string, what: string): JsonObject {
  if (json instanceof Map) return json;
  fail(`must be ${what}`, path);
}

function refuseUnknown(object: JsonObject, path: string, known: readonly string[]): void {
  for (const name of object.keys()) {
    if (!known.includes(name)) {
      fail(`is not a policy element. Known here: ${known.join(", ")}`, `${path}.${name}`);
    }
  }
}
