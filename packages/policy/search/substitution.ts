import type { Cell } from "../compiled/cell.ts";
import type { Atom } from "../compiled/condition.ts";
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
export function fillStatement(statement: CompiledStatement, assignment: Assignment): CompiledStatement {
  const { resources, conditions } = statement;
  return {
    ...statement,
    resources: resources && fillClause(resources, assignment),
    conditions: conditions.map((atom) => fillAtom(atom, assignment)),
  };
}

function fillClause({ negated, entries }: Clause<Pattern>, assignment: Assignment): Clause<Pattern> {
  const filled = entries.map((pattern) => substituteVariables(pattern, valueIn(assignment)) ?? never);
  return { negated, entries: filled };
}

function fillAtom(atom: Atom, assignment: Assignment): Atom {
  if (!atom.patterns.some(({ hasVariables }) => hasVariables)) return atom;
  return {
    ...atom,
    patterns: atom.patterns.flatMap((pattern) => substituteVariables(pattern, valueIn(assignment)) ?? []),
  };
}

/** A cell with values in the place of its policy variables; undefined where nothing is left of it. */
export function fillCell(cell: Cell, assignment: Assignment): Cell | undefined {
  if (cell.resource === undefined) return cell;
  const selector = substituteVariables(cell.resource.selector, valueIn(assignment));
  if (selector === undefined) return undefined;
  const except = cell.resource.except.flatMap(
    (pattern) => substituteVariables(pattern, valueIn(assignment)) ?? [],
  );
  return { ...cell, resource: { selector, except } };
}
