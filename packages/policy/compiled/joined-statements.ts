import type { Clause } from "../model/document.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { groupBy, uniqueBy } from "../support/unique.ts";
import { principalText } from "../syntax/canonical.ts";
import type { Question } from "./question.ts";
import type { CompiledStatement } from "./statement.ts";

/** More pairs than this take longer to compare than their sides to join. */
const maxPairs = 2_500;

/**
 * Joins the statements that a combination is compared with: both sides' Deny statements, and the right side's Allow
 * statements. The left side's Allow statements are those that grants name, so they stay as they are. If only few pairs
 * have to be compared, the question is returned as it is.
 */
export function joinQuestion(question: Question): Question {
  const { left, right } = question;
  if (countPairs(question) <= maxPairs) return question;
  return {
    left: { allows: left.allows, denies: joinStatements(left.denies) },
    right: { allows: joinStatements(right.allows), denies: joinStatements(right.denies) },
  };
}

/**
 * Counts the pairs that a subtraction compares, each of an action of a left statement and another statement: it skips the
 * left statements that the right side has too.
 */
function countPairs({ left, right }: Question): number {
  const [leftDenies, rightAllows] = [listLines(left.denies), listLines(right.allows)];
  const newDenies = right.denies.filter(({ line }) => !leftDenies.has(line)).length;
  const compared = left.allows.filter(({ line }) => newDenies > 0 || !rightAllows.has(line));
  const actions = compared.reduce((sum, statement) => sum + statement.actions.entries.length, 0);
  const others = left.denies.length + right.allows.length + newDenies;
  return actions * others + newDenies * left.denies.length;
}

function listLines(statements: readonly CompiledStatement[]): ReadonlySet<string> {
  return new Set(statements.map(({ line }) => line));
}

/**
 * Joins statements of one effect that differ only in their actions, then those that differ only in their resources. The
 * joined statements match the same requests together, and there are few of them even if a document has a statement for
 * each action. A joined statement has the source and the place of its first one.
 */
export function joinStatements(statements: readonly CompiledStatement[]): readonly CompiledStatement[] {
  return joinBy(joinBy(statements, byActions), byResources);
}

/** A dimension in which statements are joined. */
interface JoinDimension {
  /** Returns the clause that is joined. */
  read(statement: CompiledStatement): Clause<Pattern> | undefined;
  write(statement: CompiledStatement, clause: Clause<Pattern>): CompiledStatement;
  /** Returns a text that is equal for statements that differ only in this dimension. */
  frameOf(statement: CompiledStatement): string;
}

const byActions: JoinDimension = {
  read: ({ actions }) => actions,
  write: (statement, actions) => ({ ...statement, actions }),
  frameOf: ({ resources, ...others }) => `${printClause(resources)}\n${printOthers(others)}`,
};

const byResources: JoinDimension = {
  read: ({ resources }) => resources,
  write: (statement, resources) => ({ ...statement, resources }),
  frameOf: ({ actions, ...others }) => `${printClause(actions)}\n${printOthers(others)}`,
};

function joinBy(
  statements: readonly CompiledStatement[],
  { read, write, frameOf }: JoinDimension,
): readonly CompiledStatement[] {
  const groups = groupBy(statements, (statement) => {
    // The union of two lists is not what two negated clauses match, and an ambiguous statement is compared by itself.
    const isJoinable = read(statement)?.negated === false && statement.ambiguity === undefined;
    return isJoinable ? frameOf(statement) : `${statement.document} ${statement.index}`;
  });
  return groups.map((group) => {
    const [first, ...rest] = group;
    if (rest.length === 0) return first;
    const entries = uniqueBy(
      group.flatMap((statement) => read(statement)?.entries ?? []),
      ({ text }) => text,
    );
    const variables = [...new Set(group.flatMap((statement) => statement.variables))];
    return { ...write(first, { negated: false, entries }), variables };
  });
}

function printClause(clause: Clause<Pattern> | undefined): string {
  if (!clause) return "";
  return `${clause.negated} ${clause.entries.map(({ text }) => text).join("\n")}`;
}

function printOthers({
  principals,
  conditions,
}: Pick<CompiledStatement, "principals" | "conditions">): string {
  const names = principals && [principals.negated, ...principals.entries.map(principalText)];
  return JSON.stringify([names ?? null, ...new Set(conditions.map(({ text }) => text).sort())]);
}
