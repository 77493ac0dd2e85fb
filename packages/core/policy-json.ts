import { canonicalText } from "@drift-guard/policy/canonical";
import type { PolicyDocument, PolicyStatement } from "@drift-guard/policy/document";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { createMemo } from "./memo.ts";

/** A policy as plain JSON: its statements as a list, and its other elements unchanged. */
export interface PolicyJson {
  readonly Version?: unknown;
  readonly Statement: readonly unknown[];
}

/** Whether a JSON value is an object, neither a list nor null. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a policy's JSON text; undefined if it is not JSON. */
export function tryReadDocument(text: string): PolicyJson | undefined {
  try {
    return readDocument(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Reads a policy's JSON text; a single statement becomes a list of one. Throws `SyntaxError` if it is not JSON. */
export function readDocument(text: string): PolicyJson {
  const document: unknown = JSON.parse(text);
  if (typeof document !== "object" || document === null || !("Statement" in document)) {
    return { Statement: [] };
  }
  const { Statement } = document;
  return { ...document, Statement: Array.isArray(Statement) ? Statement : [Statement] };
}

/**
 * Returns one policy of version 2012-10-17 with the statements of all texts, in their order. In older versions `${…}` is
 * plain text, which the joined policy spells `${$}{…}` (docs/aws-facts.md, "Policy variables").
 */
export function joinDocuments(texts: readonly string[]): string {
  return JSON.stringify({
    Version: currentVersion,
    Statement: texts.flatMap((text) => {
      const { Version, Statement } = readDocument(text);
      return Version === currentVersion ? Statement : Statement.map(escapeVariables);
    }),
  });
}

/** The version of the policy language that has variables (docs/aws-facts.md, "Policy variables"). */
export const currentVersion = "2012-10-17";

// The elements that can hold variables (docs/aws-facts.md, "Policy variables").
const variableElements: readonly string[] = ["Resource", "NotResource", "Condition"];

function escapeVariables(statement: unknown): unknown {
  if (typeof statement !== "object" || statement === null) return statement;
  return Object.fromEntries(
    Object.entries(statement).map(([element, value]) => [
      element,
      variableElements.includes(element) ? escapeTexts(value) : value,
    ]),
  );
}

function escapeTexts(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("${", () => "${$}{");
  if (Array.isArray(value)) return value.map(escapeTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, escapeTexts(member)]));
}

/** Returns the policy without its statements' ids, which have no effect and must be unique within a policy. */
export function withoutSids(text: string): string {
  const document = readDocument(text);
  return JSON.stringify({ ...document, Statement: document.Statement.map(withoutSid) });
}

function withoutSid(statement: unknown): unknown {
  if (typeof statement !== "object" || statement === null) return statement;
  return Object.fromEntries(Object.entries(statement).filter(([element]) => element !== "Sid"));
}

/** Returns the policy with only those statements, counted from 0, that `keep` accepts. */
export function keepStatements(text: string, keep: (statement: unknown, index: number) => boolean): string {
  const document = readDocument(text);
  return JSON.stringify({ ...document, Statement: document.Statement.filter(keep) });
}

/** Returns the policy with only its statements of one effect. For parsed policies: `filterByEffect`. */
export function keepEffect(text: string, effect: "Allow" | "Deny"): string {
  return keepStatements(
    text,
    (statement) =>
      typeof statement === "object" &&
      statement !== null &&
      "Effect" in statement &&
      statement.Effect === effect,
  );
}

const filtered = new WeakMap<PolicyDocument, Record<PolicyStatement["effect"], PolicyDocument>>();

/** Returns parsed policies with only their statements of one effect. */
export function filterByEffect(
  documents: readonly PolicyDocument[],
  effect: PolicyStatement["effect"],
): readonly PolicyDocument[] {
  return documents.map((document) => {
    const known = filtered.get(document) ?? { Allow: pick(document, "Allow"), Deny: pick(document, "Deny") };
    filtered.set(document, known);
    return known[effect];
  });
}

function pick(document: PolicyDocument, effect: PolicyStatement["effect"]): PolicyDocument {
  return { ...document, statements: document.statements.filter((one) => one.effect === effect) };
}

const documents = createMemo<PolicyDocument | PolicySyntaxError>();

/** Like `parsePolicy`, once for each text: thousands of roles have the same policies. Throws `PolicySyntaxError`. */
export function readPolicy(text: string): PolicyDocument {
  const read = orSyntaxError(text);
  if (read instanceof PolicySyntaxError) throw read;
  return read;
}

/** Parses a policy; undefined if the text is not a policy. */
export function tryParsePolicy(text: string): PolicyDocument | undefined {
  const read = orSyntaxError(text);
  return read instanceof PolicySyntaxError ? undefined : read;
}

function orSyntaxError(text: string): PolicyDocument | PolicySyntaxError {
  return documents(text, () => {
    try {
      return parsePolicy(text);
    } catch (error) {
      if (error instanceof PolicySyntaxError) return error;
      throw error;
    }
  });
}

/** Whether a text is a policy. */
export function isReadable(text: string): boolean {
  return tryParsePolicy(text) !== undefined;
}

const statementTexts = new WeakMap<PolicyDocument, readonly string[]>();

/** Returns the canonical text of each statement: statements of equal text allow and deny the same. */
export function listStatementTexts(document: PolicyDocument): readonly string[] {
  const known = statementTexts.get(document);
  if (known) return known;
  const texts = document.statements.map((statement) =>
    canonicalText({ ...document, statements: [statement] }),
  );
  statementTexts.set(document, texts);
  return texts;
}

/** Returns the policy without the statements whose canonical texts are given. */
export function withoutStatements(document: PolicyDocument, texts: ReadonlySet<string>): PolicyDocument {
  const own = listStatementTexts(document);
  return {
    ...document,
    statements: document.statements.filter((_, index) => !texts.has(own[index] ?? "")),
  };
}

/**
 * Whether two texts are policies of a kind with the same statements. Such policies allow and deny the same, even where it
 * is unknown what: the comparison leaves statements undecided that AWS does not explain.
 */
export function hasSameStatements(one: string, other: string, kind: "identity" | "trust"): boolean {
  const [first, second] = [one, other].map((text) => {
    const document = tryParsePolicy(text);
    const isOfKind = document?.statements.every(
      ({ principals }) => (principals !== undefined) === (kind === "trust"),
    );
    return document && isOfKind ? document : undefined;
  });
  if (!first || !second) return false;
  if (first === second) return true;
  return (
    new Set(listStatementTexts(first)).symmetricDifference(new Set(listStatementTexts(second))).size === 0
  );
}
