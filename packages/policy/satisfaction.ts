import type { Atom } from "./atom.ts";
import { type Budget, spend } from "./budget.ts";
import { type KeyAtoms, type KeyChoice, type KeyValue, listChoices } from "./domain.ts";
import type { CompiledStatement } from "./statement.ts";

/** Statements whose conditions must all hold, and statements of each of which some condition must fail. */
export interface Goal {
  readonly held: readonly CompiledStatement[];
  readonly failed: readonly CompiledStatement[];
}

/** The values that policy variables were given: these keys have no other choice. */
export type Assignment = ReadonlyMap<string, string | undefined>;

/** A context that reaches a goal; that there is none; or that this cannot be told. */
export type Satisfaction =
  | { readonly kind: "reached"; readonly context: ReadonlyMap<string, KeyValue> }
  | { readonly kind: "impossible" }
  | { readonly kind: "unclear"; readonly message: string };

const impossible: Satisfaction = { kind: "impossible" };

/** Seeks a request context for a goal. @throws BudgetError */
export function satisfy(goal: Goal, assignment: Assignment, budget: Budget): Satisfaction {
  const held = new Map(goal.held.flatMap(({ conditions }) => conditions).map((atom) => [atom.text, atom]));
  const alternatives: (readonly Atom[])[] = [];
  for (const { conditions } of goal.failed) {
    const open = conditions.filter(({ text }) => !held.has(text));
    if (open.length === 0) return impossible;
    alternatives.push(open);
  }
  const keys = collectKeys([...held.values()], alternatives.flat());
  const places = new Map<string, { readonly key: number; readonly bit: bigint }>();
  const domains: (readonly KeyChoice[])[] = [];
  for (const [index, atoms] of keys.entries()) {
    const fixed = assignment.has(atoms.key) ? { value: assignment.get(atoms.key) } : undefined;
    const choices = listChoices(atoms, fixed, budget);
    for (const [bit, { text }] of atoms.failed.entries())
      places.set(text, { key: index, bit: 1n << BigInt(bit) });
    domains.push(choices);
  }
  const clauses = alternatives
    .map((atoms) => atoms.flatMap(({ text }) => places.get(text) ?? []))
    .sort((one, other) => one.length - other.length);
  const chosen = domains.some((choices) => choices.length === 0)
    ? undefined
    : choose(domains, clauses, 0, budget);
  if (chosen !== undefined) {
    const values = keys.map(({ key }, index) => [key, chosen[index]?.[0]?.value] as const);
    return { kind: "reached", context: new Map([...assignment, ...values]) };
  }
  const mixed = keys.find(isMixed);
  if (mixed === undefined) return impossible;
  return {
    kind: "unclear",
    message: `The key ${mixed.key} is compared both as a text and as a number, date or address.`,
  };
}

function collectKeys(held: readonly Atom[], failed: readonly Atom[]): readonly KeyAtoms[] {
  const keys = new Map<string, { held: Map<string, Atom>; failed: Map<string, Atom> }>();
  const at = (key: string) => {
    const known = keys.get(key) ?? { held: new Map<string, Atom>(), failed: new Map<string, Atom>() };
    keys.set(key, known);
    return known;
  };
  for (const atom of held) at(atom.condition.key).held.set(atom.text, atom);
  for (const atom of failed) at(atom.condition.key).failed.set(atom.text, atom);
  return [...keys].map(([key, atoms]) => ({
    key,
    held: [...atoms.held.values()],
    failed: [...atoms.failed.values()],
  }));
}

interface Place {
  readonly key: number;
  readonly bit: bigint;
}

/** Narrows the choices of each key until every clause has an atom that fails. */
function choose(
  domains: readonly (readonly KeyChoice[])[],
  clauses: readonly (readonly Place[])[],
  at: number,
  budget: Budget,
): readonly (readonly KeyChoice[])[] | undefined {
  const clause = clauses[at];
  if (clause === undefined) return domains;
  for (const { key, bit } of clause) {
    const choices = domains[key] ?? [];
    spend(budget, 1 + (choices.length >> 3));
    const left = choices.filter(({ stubborn }) => (stubborn & bit) === 0n);
    if (left.length === 0) continue;
    const narrowed = domains.map((domain, index) => (index === key ? left : domain));
    const found = choose(narrowed, clauses, at + 1, budget);
    // Where the atom fails in any case, another way to fail this clause leads no further.
    if (found !== undefined || left.length === choices.length) return found;
  }
  return undefined;
}

/** Texts and numbers have no common order in which every difference has a representative. */
function isMixed({ held, failed }: KeyAtoms): boolean {
  const families = [...held, ...failed].flatMap(({ operator, condition }) => {
    if (operator === undefined || operator.family === "null" || condition.values.length === 0) return [];
    const { family } = operator;
    return family === "numeric" || family === "date" || family === "ip" ? [family] : ["text"];
  });
  return new Set(families).size > 1;
}
