import type {
  Clause,
  PolicyDocument,
  PolicyStatement,
  PolicyVersion,
  StatementCondition,
} from "../model/document.ts";
import type { Condition, PolicyPrincipal } from "../model/grant.ts";
import { compileArn, compileText, type Pattern } from "../pattern/pattern.ts";
import { uniqueBy } from "../support/unique.ts";
import { findAmbiguity } from "../syntax/ambiguity.ts";
import {
  canonicalAction,
  canonicalArn,
  canonicalise,
  hasNoEffect,
  statementLine,
} from "../syntax/canonical.ts";
import { opening, readVariable } from "../syntax/tokens.ts";
import { type CompiledCondition, compileCondition } from "./condition.ts";

/** Every action there is. */
export const everyAction = compileText("*", "*");

/** A statement made ready for comparing. */
export interface CompiledStatement {
  readonly source: PolicyStatement;
  /** The document of its side in which it stands, and its place there; both counted from 0. */
  readonly document: number;
  readonly index: number;
  readonly actions: Clause<Pattern>;
  readonly resources: Clause<Pattern> | undefined;
  readonly principals: Clause<PolicyPrincipal> | undefined;
  readonly conditions: readonly CompiledCondition[];
  /** The keys that its policy variables stand for. */
  readonly variables: readonly string[];
  /** The canonical statement as one line. */
  readonly line: string;
  /** Why its meaning is not certain, where it is not. */
  readonly ambiguity: string | undefined;
}

/** A statement that reaches every request under some conditions. */
export function makeCatchAll(conditions: readonly CompiledCondition[]): CompiledStatement {
  const actions = { negated: false, entries: ["*"] };
  return {
    ...compileStatement({ effect: "Allow", actions, conditions: [] }, 0, { statements: [] }, "aws"),
    document: 0,
    conditions,
    variables: listVariableKeys(conditions.flatMap(({ patterns }) => patterns)),
  };
}

/** The conditions of some statements, each once. */
export function listConditions(statements: readonly CompiledStatement[]): readonly CompiledCondition[] {
  return uniqueBy(
    statements.flatMap(({ conditions }) => conditions),
    ({ text }) => text,
  );
}

/** Makes a document's statements ready for comparing; those without effect are left out. */
export function compileDocument(
  document: PolicyDocument,
  number: number,
  partition: string,
): readonly CompiledStatement[] {
  return document.statements.flatMap((source, index) =>
    hasNoEffect(source)
      ? []
      : [{ ...compileStatement(source, index, document, partition), document: number }],
  );
}

function compileStatement(
  source: PolicyStatement,
  index: number,
  { version }: PolicyDocument,
  partition: string,
): Omit<CompiledStatement, "document"> {
  const canonical = canonicalise(source, version, partition);
  const { actions, resources, principals, conditions } = canonical;
  const places =
    resources && source.resources && compileClause(resources, listArnSpellings(source, version), compileArn);
  const compiled = conditions.map((condition, place) =>
    compileCondition(condition, writeCondition(source.conditions[place], condition, version)),
  );
  return {
    source,
    index,
    actions: compileClause(actions, listSpellings(source.actions.entries, canonicalAction), compileText),
    resources: places,
    principals,
    conditions: compiled,
    variables: listVariableKeys([
      ...(places?.entries ?? []),
      ...compiled.flatMap(({ patterns }) => patterns),
    ]),
    line: statementLine(canonical),
    ambiguity: findAmbiguity(source),
  };
}

/** The keys that the variables in some patterns stand for. */
export function listVariableKeys(patterns: readonly Pattern[]): readonly string[] {
  const variables = patterns.flatMap(({ hasVariables, tokens }) =>
    hasVariables ? tokens.filter((token) => typeof token === "string") : [],
  );
  return [...new Set(variables.map((variable) => readVariable(variable).key))];
}

/** Canonical entries with the spelling that the document gives them. */
function compileClause(
  { negated, entries }: Clause<string>,
  spellings: ReadonlyMap<string, string>,
  compile: (text: string, written: string) => Pattern,
): Clause<Pattern> {
  return { negated, entries: entries.map((text) => compile(text, spellings.get(text) ?? text)) };
}

/** What the document writes for each canonical text. */
function listSpellings(
  entries: readonly string[] = [],
  spell: (text: string) => string,
): Map<string, string> {
  return new Map(entries.map((text) => [spell(text), text]));
}

function listArnSpellings({ resources, principals }: PolicyStatement, version: PolicyVersion | undefined) {
  const isIdentity = principals === undefined;
  const spellings = listSpellings(resources?.entries, (text) => canonicalArn(text, version, isIdentity));
  // Who reads a grant takes `${` for a variable: elsewhere than in version 2012-10-17 only the canonical text says it.
  if (version !== "2012-10-17") {
    for (const [text, written] of spellings) if (written.includes(opening)) spellings.set(text, text);
  }
  return spellings;
}

function writeCondition(
  source: StatementCondition | undefined,
  canonical: Condition,
  version: PolicyVersion | undefined,
): Condition {
  if (source === undefined) return canonical;
  const { operator, key, values } = source;
  const isPlain = version === "2012-10-17" || !values.some((value) => value.includes(opening));
  return isPlain ? { operator, key, values } : canonical;
}
