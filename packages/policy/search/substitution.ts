import type { Combination } from "../compiled/combination.ts";
import type { CompiledCondition } from "../compiled/condition.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Clause } from "../model/document.ts";
import { compileText, type Pattern, substituteVariables } from "../pattern/pattern.ts";
import { readVariable } from "../syntax/tokens.ts";
import type { Assignment } from "./solver.ts";

/** Stands in for a resource pattern that matches nothing: an ARN has colons. */
const never = compileText("never", "");

function valueIn(assignment: Assignment): (variable: string) => string | undefined {
  return (variable) => {
    const { key, fallback } = readVariable(variable);
    return assignment.get(key) ?? fallback;
  };
}

/** A statement with values in the place of its policy variables. */
export function substituteInStatement(
  statement: CompiledStatement,
  assignment: Assignment,
): CompiledStatement {
  const { resources, conditions } = statement;
  return {
    ...statement,
    resources: resources && fillClause(resources, assignment),
    conditions: conditions.map((condition) => fillAtom(condition, assignment)),
  };
}

function fillClause({ negated, entries }: Clause<Pattern>, assignment: Assignment): Clause<Pattern> {
  const filled = entries.map((pattern) => substituteVariables(pattern, valueIn(assignment)) ?? never);
  return { negated, entries: filled };
}

function fillAtom(condition: CompiledCondition, assignment: Assignment): CompiledCondition {
  if (!condition.patterns.some(({ hasVariables }) => hasVariables)) return condition;
  return {
    ...condition,
    patterns: condition.patterns.flatMap(
      (pattern) => substituteVariables(pattern, valueIn(assignment)) ?? [],
    ),
  };
}

/** A combination with values in the place of its policy variables; undefined where nothing is left of it. */
export function substituteInCombination(
  combination: Combination,
  assignment: Assignment,
): Combination | undefined {
  if (combination.resource === undefined) return combination;
  const selector = substituteVariables(combination.resource.selector, valueIn(assignment));
  if (selector === undefined) return undefined;
  const except = combination.resource.except.flatMap(
    (pattern) => substituteVariables(pattern, valueIn(assignment)) ?? [],
  );
  return { ...combination, resource: { selector, except } };
}
