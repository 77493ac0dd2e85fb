import { principalText } from "./canonical.ts";
import { type Cell, missesCell, type PlacedStatement } from "./cell.ts";
import type { Clause } from "./document.ts";
import { type Entry, patternRelations, principalRelations, type Relations } from "./entry.ts";
import type { PolicyPrincipal } from "./grant.ts";
import type { Pattern } from "./pattern.ts";
import type { CompiledStatement } from "./statement.ts";
import type { CellVerdict, Subtraction } from "./subtraction.ts";

/** One dimension of cells and statements. */
interface Dimension<Selector> {
  readonly relations: Relations<Selector>;
  read(cell: Cell): Entry<Selector> | undefined;
  write(cell: Cell, entry: Entry<Selector>): Cell;
  clause(statement: CompiledStatement): Clause<Selector> | undefined;
  print(selector: Selector): string;
  /** Whether a selector has no parts. */
  isSingle(selector: Selector): boolean;
}

const actions: Dimension<Pattern> = {
  relations: patternRelations,
  read: ({ action }) => action,
  write: (cell, action) => ({ ...cell, action }),
  clause: (statement) => statement.actions,
  print: ({ text }) => text,
  isSingle: ({ literal }) => literal !== undefined,
};

const resources: Dimension<Pattern> = {
  relations: patternRelations,
  read: ({ resource }) => resource,
  write: (cell, resource) => ({ ...cell, resource }),
  clause: (statement) => statement.resources,
  print: ({ text }) => text,
  isSingle: ({ literal }) => literal !== undefined,
};

const principals: Dimension<PolicyPrincipal> = {
  relations: principalRelations,
  read: ({ principal }) => principal,
  write: (cell, principal) => ({ ...cell, principal }),
  clause: (statement) => statement.principals,
  print: principalText,
  isSingle: ({ type, id }) => type !== "AWS" && id !== "*",
};

/** A cell of which something is left. */
export interface LeftCell {
  readonly cell: Cell;
  readonly verdict: CellVerdict & { readonly kind: "left" };
}

/** More are told by the whole that they are carved out of, which is then told in part. */
const mostCarved = 200;

/**
 * Cuts a cell down to what is left of it: where only some of its actions, resources or principals are left, to those;
 * and what the other side takes away whole is carved out.
 */
export function carveCell(
  left: LeftCell,
  subtraction: Subtraction,
  decideCell: (cell: Cell) => CellVerdict,
): readonly LeftCell[] {
  return [left]
    .flatMap((one) => narrow(one, subtraction, actions, decideCell))
    .flatMap((one) => narrow(one, subtraction, resources, decideCell))
    .flatMap((one) => narrow(one, subtraction, principals, decideCell))
    .map((one) => carve(one, subtraction, actions, decideCell))
    .map((one) => carve(one, subtraction, resources, decideCell))
    .map((one) => carve(one, subtraction, principals, decideCell));
}

function narrow<Selector>(
  left: LeftCell,
  { takes, spares }: Subtraction,
  dimension: Dimension<Selector>,
  decideCell: (cell: Cell) => CellVerdict,
): readonly LeftCell[] {
  const entry = dimension.read(left.cell);
  if (entry === undefined) return [left];
  const parts = [
    ...listWithin(left.cell, entry, spares, dimension, false),
    ...listWithin(left.cell, entry, takes, dimension, true),
  ];
  if (parts.length === 0) return [left];
  const rest = dimension.write(left.cell, { ...entry, except: [...entry.except, ...parts] });
  if (decideCell(rest).kind !== "covered") return [left];
  if (parts.length > mostCarved) return [markPartly(left)];
  const cells = parts.map((selector) => dimension.write(left.cell, cutEntry(entry, selector, dimension)));
  const narrowed = cells.flatMap((cell) => {
    const verdict = decideCell(cell);
    return verdict.kind === "left" ? [{ cell, verdict }] : [];
  });
  return narrowed.length > 0 ? narrowed : [left];
}

function carve<Selector>(
  left: LeftCell,
  { takes, heldBack }: Subtraction,
  dimension: Dimension<Selector>,
  decideCell: (cell: Cell) => CellVerdict,
): LeftCell {
  const entry = dimension.read(left.cell);
  if (entry === undefined) return left;
  const parts = listWithin(left.cell, entry, [...takes, ...heldBack], dimension, false);
  if (parts.length > mostCarved) return markPartly(left);
  const except = [...entry.except];
  for (const selector of parts) {
    if (except.some((wide) => dimension.relations.covers(wide, selector))) continue;
    const part = dimension.write(left.cell, cutEntry(entry, selector, dimension));
    if (decideCell(part).kind === "covered") except.push(selector);
  }
  if (except.length === entry.except.length) return left;
  return { ...left, cell: dimension.write(left.cell, { ...entry, except }) };
}

function markPartly(left: LeftCell): LeftCell {
  return { ...left, cell: { ...left.cell, partly: true } };
}

/** A part of an entry, without what the entry leaves out. */
function cutEntry<Selector>(
  { except }: Entry<Selector>,
  selector: Selector,
  { relations }: Dimension<Selector>,
): Entry<Selector> {
  return { selector, except: relations.listNear(except, selector) };
}

/** The entries of some statements' clauses that lie within an entry and are less than it; the widest first. */
function listWithin<Selector>(
  cell: Cell,
  { selector, except }: Entry<Selector>,
  statements: readonly PlacedStatement[],
  { relations, isSingle, clause, print }: Dimension<Selector>,
  negated: boolean,
): readonly Selector[] {
  const parts = new Map<string, Selector>();
  if (isSingle(selector)) return [];
  const whole = print(selector);
  for (const { statement } of statements) {
    const own = clause(statement);
    if (own === undefined || own.negated !== negated || missesCell(statement, cell)) continue;
    for (const part of own.entries) {
      if (print(part) === whole || !relations.covers(selector, part)) continue;
      if (!except.some((wide) => relations.covers(wide, part))) parts.set(print(part), part);
    }
  }
  return [...parts].sort(([one], [other]) => one.length - other.length).map(([, part]) => part);
}
