import { type Atom, asksForOne, holdsForValue, holdsWhenAbsent } from "../compiled/condition.ts";
import { charge, type StepBudget } from "../support/budget.ts";
import type { KeyAtoms } from "./key-atoms.ts";
import { listRepresentatives } from "./key-values.ts";

/** What a key may be in a request: undefined stands for absent. */
export type KeyValue = string | readonly string[] | undefined;

/** One choice for a key, and which of the atoms that should fail hold all the same, bit by bit. */
export interface KeyChoice {
  readonly value: KeyValue;
  readonly stubborn: bigint;
}

/**
 * The best choices for a key: all held atoms hold, and no other choice makes more of the others fail.
 * `fixed` narrows the choice to one.
 * @throws BudgetError
 */
export function listChoices(
  atoms: KeyAtoms,
  fixed: { readonly value: string | undefined } | undefined,
  budget: StepBudget,
): readonly KeyChoice[] {
  const all = [...atoms.held, ...atoms.failed];
  const choices: KeyChoice[] = [];
  const width = atoms.held.length;
  const wholly = (1n << BigInt(width)) - 1n;
  const add = (value: KeyValue, mask: bigint): void => {
    charge(budget, 1 + (choices.length >> 3));
    if ((mask & wholly) !== wholly) return;
    const stubborn = mask >> BigInt(width);
    if (choices.some((choice) => (choice.stubborn & stubborn) === choice.stubborn)) return;
    choices.push({ value, stubborn });
  };
  const values = fixed === undefined ? listRepresentatives(atoms, budget) : listFixed(fixed.value);
  if (fixed === undefined || fixed.value === undefined) add(undefined, readMask(all, holdsWhenAbsent));
  const breadth = all.reduce((sum, { condition }) => sum + 4 + condition.values.length, 0);
  const singles = values.map((value) => {
    charge(budget, 1 + (breadth >> 4));
    return { values: [value], mask: readMask(all, (atom) => holdsForValue(atom, value)) };
  });
  for (const { values: list, mask } of singles) add(list[0], mask);
  if (fixed === undefined && atoms.isSeveral) {
    for (const { values: list, mask } of listSets(all, singles, budget)) add(list, mask);
  }
  return choices.filter(
    (one) => !choices.some((other) => other !== one && isBetter(other.stubborn, one.stubborn)),
  );
}

function isBetter(one: bigint, other: bigint): boolean {
  return one !== other && (one & other) === one;
}

function listFixed(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function readMask(atoms: readonly Atom[], holds: (atom: Atom) => boolean): bigint {
  return atoms.reduce((mask, atom, index) => (holds(atom) ? mask | (1n << BigInt(index)) : mask), 0n);
}

interface ValueSet {
  readonly values: readonly string[];
  readonly mask: bigint;
}

/** Sets of values, one for each way in which the atoms can come out: sets are joined until none is new. */
function listSets(
  atoms: readonly Atom[],
  singles: readonly ValueSet[],
  budget: StepBudget,
): readonly ValueSet[] {
  const one = readMask(atoms, asksForOne);
  const known = new Map(singles.map((single) => [single.mask, single]));
  const queue = [...known.values()];
  for (let at = 0; at < queue.length; at++) {
    const set = queue[at];
    if (set === undefined) break;
    for (const single of singles) {
      charge(budget);
      const mask = ((set.mask | single.mask) & one) | (set.mask & single.mask & ~one);
      if (known.has(mask)) continue;
      const joined = { values: [...set.values, ...single.values], mask };
      known.set(mask, joined);
      queue.push(joined);
    }
  }
  return queue.filter(({ values }) => values.length > 1);
}
