import {
  type CompiledCondition,
  holdsForValue,
  holdsWhenAbsent,
  needsOneValue,
} from "../compiled/condition.ts";
import { charge, type StepBudget } from "../support/step-budget.ts";
import type { KeyConditions } from "./key-conditions.ts";
import { listRepresentatives } from "./key-values.ts";

/** What a key may be in a request: undefined stands for absent. */
export type KeyValue = string | readonly string[] | undefined;

/** One choice for a key, and which of the conditions that should fail hold all the same, bit by bit. */
export interface KeyChoice {
  readonly value: KeyValue;
  readonly unfalsified: bigint;
}

/**
 * The best choices for a key: all held conditions hold, and no other choice makes more of the others fail.
 * `fixed` narrows the choice to one.
 * @throws BudgetError
 */
export function listChoices(
  conditions: KeyConditions,
  fixed: { readonly value: string | undefined } | undefined,
  budget: StepBudget,
): readonly KeyChoice[] {
  const all = [...conditions.held, ...conditions.failed];
  const choices: KeyChoice[] = [];
  const width = conditions.held.length;
  const wholly = (1n << BigInt(width)) - 1n;
  const add = (value: KeyValue, mask: bigint): void => {
    charge(budget, 1 + (choices.length >> 3));
    if ((mask & wholly) !== wholly) return;
    const unfalsified = mask >> BigInt(width);
    if (choices.some((choice) => (choice.unfalsified & unfalsified) === choice.unfalsified)) return;
    choices.push({ value, unfalsified });
  };
  const values = fixed === undefined ? listRepresentatives(conditions, budget) : listFixed(fixed.value);
  if (fixed === undefined || fixed.value === undefined) add(undefined, readMask(all, holdsWhenAbsent));
  const breadth = all.reduce((sum, { canonical }) => sum + 4 + canonical.values.length, 0);
  const singles = values.map((value) => {
    charge(budget, 1 + (breadth >> 4));
    return { values: [value], mask: readMask(all, (condition) => holdsForValue(condition, value)) };
  });
  for (const { values: list, mask } of singles) add(list[0], mask);
  if (fixed === undefined && conditions.isMultivalued) {
    for (const { values: list, mask } of listSets(all, singles, budget)) add(list, mask);
  }
  return choices.filter(
    (one) => !choices.some((other) => other !== one && isBetter(other.unfalsified, one.unfalsified)),
  );
}

function isBetter(one: bigint, other: bigint): boolean {
  return one !== other && (one & other) === one;
}

function listFixed(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function readMask(
  conditions: readonly CompiledCondition[],
  holds: (condition: CompiledCondition) => boolean,
): bigint {
  return conditions.reduce(
    (mask, condition, index) => (holds(condition) ? mask | (1n << BigInt(index)) : mask),
    0n,
  );
}

interface ValueSet {
  readonly values: readonly string[];
  readonly mask: bigint;
}

/** Sets of values, one for each way in which the conditions can come out: sets are joined until none is new. */
function listSets(
  conditions: readonly CompiledCondition[],
  singles: readonly ValueSet[],
  budget: StepBudget,
): readonly ValueSet[] {
  const one = readMask(conditions, needsOneValue);
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
