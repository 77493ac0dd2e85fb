import { type Combination, missesCombination } from "../compiled/combination.ts";
import {
  type Entry,
  patternRelations,
  principalRelations,
  type SelectorRelations,
} from "../compiled/entry.ts";
import type { CombinationVerdict, Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { Clause } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { principalText } from "../syntax/canonical.ts";
import { type Gap, keepGaps, markPartly } from "./gap.ts";
import { type CellQuestions, carveConditions, narrowByConditions } from "./refine-conditions.ts";

/** One dimension of cells and statements. */
interface Dimension<Selector> {
  readonly relations: SelectorRelations<Selector>;
  read(cell: Combination): Entry<Selector> | undefined;
  write(cell: Combination, entry: Entry<Selector>): Combination;
  clause(statement: CompiledStatement): Clause<Selector> | undefined;
  print(selector: Selector): string;
  /** Whether a selector has no parts. */
  isSingle(selector: Selector): boolean;
}

const patterns: Pick<Dimension<Pattern>, "relations" | "print" | "isSingle"> = {
  relations: patternRelations,
  print: ({ text }) => text,
  isSingle: ({ literal }) => literal !== undefined,
};

const actions: Dimension<Pattern> = {
  ...patterns,
  read: ({ action }) => action,
  write: (cell, action) => ({ ...cell, action }),
  clause: ({ actions: own }) => own,
};

const resources: Dimension<Pattern> = {
  ...patterns,
  read: ({ resource }) => resource,
  write: (cell, resource) => ({ ...cell, resource }),
  clause: ({ resources: own }) => own,
};

const principals: Dimension<PolicyPrincipal> = {
  relations: principalRelations,
  read: ({ principal }) => principal,
  write: (cell, principal) => ({ ...cell, principal }),
  clause: ({ principals: own }) => own,
  print: principalText,
  isSingle: ({ type, id }) => type !== "AWS" && id !== "*",
};

/** More are told by the whole that they are carved out of, which is then told in part. */
const mostCarved = 200;

/**
 * Cuts a cell down to what is left of it: where only some of its actions, resources or principals are left, or some
 * only under conditions, to those; and what the other side takes away whole is carved out.
 */
export function refine(
  left: Gap,
  from: CompiledStatement,
  question: Question,
  questions: CellQuestions & { readonly isWhole: (cell: Combination, near: Question) => boolean },
): readonly Gap[] {
  const decideCell = questions.decide;
  const near = keepNear(question, left.combination);
  if (near.right.allows.length + near.left.denies.length + near.right.denies.length === 0) return [left];
  return [left]
    .flatMap((one) => narrow(one, near, actions, decideCell))
    .flatMap((one) => narrow(one, near, resources, decideCell))
    .flatMap((one) => narrow(one, near, principals, decideCell))
    .flatMap((one) => narrowByConditions(one, from, near, questions))
    .map((one) => carve(one, near, actions, decideCell))
    .map((one) => carve(one, near, resources, decideCell))
    .map((one) => carve(one, near, principals, decideCell))
    .map((one) => carveConditions(one, from, near, questions))
    .map((one) =>
      one.combination.partly || questions.isWhole(one.combination, near) ? one : markPartly(one),
    );
}

/** Most statements have nothing to do with a cell, nor with what it is cut down to. */
function keepNear({ left, right }: Question, cell: Combination): Question {
  const keep = (statements: readonly CompiledStatement[]) =>
    statements.filter((statement) => !missesCombination(statement, cell));
  return {
    left: { allows: left.allows, denies: keep(left.denies) },
    right: { allows: keep(right.allows), denies: keep(right.denies) },
  };
}

function narrow<Selector>(
  left: Gap,
  { right }: Question,
  dimension: Dimension<Selector>,
  decideCell: (cell: Combination) => CombinationVerdict,
): readonly Gap[] {
  const entry = dimension.read(left.combination);
  if (entry === undefined) return [left];
  const parts = [
    ...listParts(left.combination, entry, right.denies, dimension, { negated: false, across: false }),
    ...listParts(left.combination, entry, right.allows, dimension, { negated: true, across: false }),
  ];
  if (parts.length === 0) return [left];
  const rest = dimension.write(left.combination, { ...entry, except: [...entry.except, ...parts] });
  if (decideCell(rest).kind !== "covered") return [left];
  if (parts.length > mostCarved) return [markPartly(left)];
  return keepGaps(
    left,
    parts.map((selector) => dimension.write(left.combination, cutEntry(entry, selector, dimension))),
    decideCell,
  );
}

function carve<Selector>(
  left: Gap,
  question: Question,
  dimension: Dimension<Selector>,
  decideCell: (cell: Combination) => CombinationVerdict,
): Gap {
  const entry = dimension.read(left.combination);
  if (entry === undefined) return left;
  const takers = [...question.right.allows, ...question.left.denies];
  // What lies across the edge is carved out as it is: `s3:Get*` but `s3:*Object`.
  const parts = listParts(left.combination, entry, takers, dimension, { negated: false, across: true });
  if (parts.length > mostCarved) return markPartly(left);
  const except = [...entry.except];
  for (const selector of parts) {
    if (except.some((wide) => dimension.relations.covers(wide, selector))) continue;
    const part = dimension.write(left.combination, cutEntry(entry, selector, dimension));
    if (decideCell(part).kind === "covered") except.push(selector);
  }
  if (except.length === entry.except.length) return left;
  return { ...left, combination: dimension.write(left.combination, { ...entry, except }) };
}

/** A part of an entry, without what the entry leaves out. */
function cutEntry<Selector>(
  { except }: Entry<Selector>,
  selector: Selector,
  { relations }: Dimension<Selector>,
): Entry<Selector> {
  return { selector, except: relations.listNear(except, selector) };
}

/**
 * The entries of some statements' clauses that lie within an entry and are less than it, or across its edge too where
 * that is asked for; the widest first.
 */
function listParts<Selector>(
  cell: Combination,
  { selector, except }: Entry<Selector>,
  statements: readonly CompiledStatement[],
  { relations: { covers, areApart }, isSingle, clause, print }: Dimension<Selector>,
  { negated, across }: { readonly negated: boolean; readonly across: boolean },
): readonly Selector[] {
  const parts = new Map<string, Selector>();
  if (isSingle(selector)) return [];
  for (const statement of statements) {
    const own = clause(statement);
    if (own === undefined || own.negated !== negated || missesCombination(statement, cell)) continue;
    for (const part of own.entries) {
      if (covers(part, selector) || except.some((wide) => covers(wide, part))) continue;
      if (covers(selector, part) || (across && !areApart([part], selector))) parts.set(print(part), part);
    }
  }
  return [...parts].sort(([one], [other]) => one.length - other.length).map(([, part]) => part);
}
