import type { Combination } from "../compiled/combination.ts";
import type { CompiledCondition } from "../compiled/condition.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Clause } from "../model/document.ts";
import { compileText, type Pattern, substituteVariables } from "../pattern/pattern.ts";
import { readVariable } from "../syntax/tokens.ts";
import type { Assignment } from "./assignment.ts";

// Takes the place of a pattern that matches nothing: no ARN is a text without a colon.
const noArn = compileText("never", "");

/** Returns a pattern with values for its policy variables; undefined if it then matches nothing. */
function substitute(pattern: Pattern, assignment: Assignment): Pattern | undefined {
  return substituteVariables(pattern, (variable) => {
    const { key, fallback } = readVariable(variable);
    return assignment.get(key) ?? fallback;
  });
}

function substituteAll(patterns: readonly Pattern[], assignment: Assignment): readonly Pattern[] {
  return patterns.flatMap((pattern) => substitute(pattern, assignment) ?? []);
}

/** Returns a statement with values for its policy variables. */
export function substituteInStatement(
  statement: CompiledStatement,
  assignment: Assignment,
): CompiledStatement {
  const { resources, conditions } = statement;
  return {
    ...statement,
    resources: resources && substituteInClause(resources, assignment),
    conditions: conditions.map((condition) => substituteInCondition(condition, assignment)),
  };
}

// An entry that matches nothing stays: a clause without entries is not the same.
function substituteInClause({ negated, entries }: Clause<Pattern>, assignment: Assignment): Clause<Pattern> {
  return { negated, entries: entries.map((pattern) => substitute(pattern, assignment) ?? noArn) };
}

function substituteInCondition(condition: CompiledCondition, assignment: Assignment): CompiledCondition {
  if (!condition.patterns.some(({ hasVariables }) => hasVariables)) return condition;
  return { ...condition, patterns: substituteAll(condition.patterns, assignment) };
}

/** Returns a combination with values for its policy variables; undefined if it then matches no request. */
export function substituteInCombination(
  combination: Combination,
  assignment: Assignment,
): Combination | undefined {
  if (!combination.resource) return combination;
  const { selector, except } = combination.resource;
  const substituted = substitute(selector, assignment);
  if (!substituted) return undefined;
  return { ...combination, resource: { selector: substituted, except: substituteAll(except, assignment) } };
}
