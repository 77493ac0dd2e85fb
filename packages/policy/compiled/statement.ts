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
  canonicalStatement,
  hasNoEffect,
  statementLine,
} from "../syntax/canonical.ts";
import { readVariable, variableStart } from "../syntax/tokens.ts";
import { type CompiledCondition, compileCondition } from "./condition.ts";

/** The pattern that matches every action. */
export const everyAction = compileText("*", "*");

/** A statement of a policy, parsed for comparison. */
export interface CompiledStatement {
  readonly source: PolicyStatement;
  /** The number of its document in its side, from 0. */
  readonly document: number;
  /** Its place in the document, from 0. */
  readonly index: number;
  readonly actions: Clause<Pattern>;
  /** Undefined in a trust policy. */
  readonly resources: Clause<Pattern> | undefined;
  /** Undefined in an identity policy. */
  readonly principals: Clause<PolicyPrincipal> | undefined;
  readonly conditions: readonly CompiledCondition[];
  /** The condition keys of its policy variables. */
  readonly variables: readonly string[];
  /** The statement in canonical form: equal lines mean equal statements. */
  readonly line: string;
  /** Why the meaning of the statement is not certain; undefined if it is. */
  readonly ambiguity: string | undefined;
}

/** Returns a statement that matches every request that meets some conditions. */
export function makeCatchAll(conditions: readonly CompiledCondition[]): CompiledStatement {
  const actions = { negated: false, entries: ["*"] };
  return {
    ...compileStatement({ effect: "Allow", actions, conditions: [] }, 0, {}, 0, "aws"),
    conditions,
    variables: listVariableKeys(conditions.flatMap(({ patterns }) => patterns)),
  };
}

/** Returns the distinct conditions of some statements. */
export function listConditions(statements: readonly CompiledStatement[]): readonly CompiledCondition[] {
  return uniqueBy(
    statements.flatMap(({ conditions }) => conditions),
    ({ text }) => text,
  );
}

/** Parses the statements of a document for comparison. Statements without effect are left out. */
export function compileDocument(
  document: PolicyDocument,
  number: number,
  partition: string,
): readonly CompiledStatement[] {
  return document.statements.flatMap((source, index) =>
    hasNoEffect(source) ? [] : [compileStatement(source, index, document, number, partition)],
  );
}

function compileStatement(
  source: PolicyStatement,
  index: number,
  { version }: Pick<PolicyDocument, "version">,
  document: number,
  partition: string,
): CompiledStatement {
  const canonical = canonicalStatement(source, version, partition);
  const { actions, resources, principals, conditions } = canonical;
  const compiledResources =
    resources && source.resources && compileClause(resources, listArnSpellings(source, version), compileArn);
  const compiledConditions = conditions.map((condition, place) =>
    compileCondition(condition, writeCondition(source.conditions[place], condition, version)),
  );
  return {
    source,
    document,
    index,
    actions: compileClause(actions, listSpellings(source.actions.entries, canonicalAction), compileText),
    resources: compiledResources,
    principals,
    conditions: compiledConditions,
    variables: listVariableKeys([
      ...(compiledResources?.entries ?? []),
      ...compiledConditions.flatMap(({ patterns }) => patterns),
    ]),
    line: statementLine(canonical),
    ambiguity: findAmbiguity(source),
  };
}

/** Returns the distinct condition keys of the policy variables in some patterns. */
export function listVariableKeys(patterns: readonly Pattern[]): readonly string[] {
  const variables = patterns.flatMap(({ hasVariables, tokens }) =>
    hasVariables ? tokens.filter((token) => typeof token === "string") : [],
  );
  return [...new Set(variables.map((variable) => readVariable(variable).key))];
}

/** Compiles the entries of a canonical clause; each keeps the spelling of the document. */
function compileClause(
  { negated, entries }: Clause<string>,
  spellings: ReadonlyMap<string, string>,
  compile: (text: string, written: string) => Pattern,
): Clause<Pattern> {
  return { negated, entries: entries.map((text) => compile(text, spellings.get(text) ?? text)) };
}

/** Returns the spelling in the document by canonical text. */
function listSpellings(
  entries: readonly string[] = [],
  spell: (text: string) => string,
): Map<string, string> {
  return new Map(entries.map((text) => [spell(text), text]));
}

/** Returns the spelling of the resources in the document by canonical text. */
function listArnSpellings({ resources, principals }: PolicyStatement, version: PolicyVersion | undefined) {
  const isIdentity = principals === undefined;
  const spellings = listSpellings(resources?.entries, (text) => canonicalArn(text, version, isIdentity));
  // A grant is read as version 2012-10-17, where `${` opens a variable. In other versions it is plain text, which only
  // the canonical spelling escapes.
  if (version !== "2012-10-17") {
    for (const [text, written] of spellings) if (written.includes(variableStart)) spellings.set(text, text);
  }
  return spellings;
}

/** Returns the condition as the document writes it; the canonical one if `${` would get another meaning. */
function writeCondition(
  source: StatementCondition | undefined,
  canonical: Condition,
  version: PolicyVersion | undefined,
): Condition {
  if (source === undefined) return canonical;
  const { operator, values } = source;
  const key = nameKey(source);
  const isPlain = version === "2012-10-17" || !values.some((value) => value.includes(variableStart));
  return isPlain ? { operator, key, values } : { ...canonical, key };
}

/**
 * Returns a key in lower case, or as the document writes it if it is a key of an identity provider, such as
 * `oidc.eks.cn-north-1.amazonaws.com.cn/id/0123ABCD:sub`: the provider can be found only by its name.
 */
function nameKey({ key, written }: StatementCondition): string {
  const [prefix = ""] = key.split(":");
  return prefix.includes(".") ? written.key : key;
}
