import { holdsForValue, holdsWhenAbsent, needsOneValue } from "../compiled/condition.ts";
import { charge, type StepBudget } from "../support/step-budget.ts";
import type { Assignment } from "./assignment.ts";
import type { KeyConditions } from "./key-conditions.ts";
import { listKeyValues } from "./key-values.ts";
import { makeMask } from "./mask.ts";

/** What a request can have for a key; undefined if the key is absent, a list for a multivalued key. */
export type KeyValue = string | readonly string[] | undefined;

/** A value for a key. Bit i of `unfalsified` is set if condition `failed[i]` of the key still holds for it. */
export interface KeyChoice {
  readonly value: KeyValue;
  readonly unfalsified: bigint;
}

/**
 * Returns the best choices for a key: all held conditions hold, and no other choice falsifies more of the failed ones.
 * A key that the assignment has a value for has no other choice. Throws BudgetError.
 */
export function listChoices(
  conditions: KeyConditions,
  assignment: Assignment,
  budget: StepBudget,
): readonly KeyChoice[] {
  const { key, held, failed, isMultivalued } = conditions;
  const all = [...held, ...failed];
  const choices: KeyChoice[] = [];
  const width = BigInt(held.length);
  const allHeld = (1n << width) - 1n;
  const add = (value: KeyValue, holding: bigint): void => {
    charge(budget, 1 + (choices.length >> 3));
    if ((holding & allHeld) !== allHeld) return;
    const unfalsified = holding >> width;
    if (!choices.some((choice) => isSubset(choice.unfalsified, unfalsified)))
      choices.push({ value, unfalsified });
  };
  const isFixed = assignment.has(key);
  const fixed = assignment.get(key);
  const values = isFixed ? [fixed ?? []].flat() : listKeyValues(conditions, budget);
  if (fixed === undefined) add(undefined, makeMask(all, holdsWhenAbsent));
  const work = all.reduce((sum, { canonical }) => sum + 4 + canonical.values.length, 0);
  const singles = values.map((value) => {
    charge(budget, 1 + (work >> 4));
    return { values: [value], holding: makeMask(all, (condition) => holdsForValue(condition, value)) };
  });
  for (const single of singles) add(single.values[0], single.holding);
  if (!isFixed && isMultivalued) {
    const anyValue = makeMask(all, needsOneValue);
    for (const list of listValueLists(singles, anyValue, budget)) add(list.values, list.holding);
  }
  return choices.filter(
    ({ unfalsified }) =>
      !choices.some((other) => other.unfalsified !== unfalsified && isSubset(other.unfalsified, unfalsified)),
  );
}

function isSubset(part: bigint, whole: bigint): boolean {
  return (part & whole) === part;
}

/** Values of a multivalued key. Bit i of `holding` is set if condition i of the key holds for them. */
interface ValueList {
  readonly values: readonly string[];
  readonly holding: bigint;
}

/**
 * Returns one list of two or more values for each set of conditions that a list can make hold: joins lists until no new
 * set comes up. A condition whose bit is set in `anyValue` holds for a list if it holds for one value; any other must
 * hold for all values.
 */
function listValueLists(
  singles: readonly ValueList[],
  anyValue: bigint,
  budget: StepBudget,
): readonly ValueList[] {
  const known = new Map(singles.map((single) => [single.holding, single]));
  // A Map also iterates over the entries that are added meanwhile.
  for (const list of known.values()) {
    for (const single of singles) {
      charge(budget);
      const either = list.holding | single.holding;
      const both = list.holding & single.holding;
      const holding = (either & anyValue) | (both & ~anyValue);
      if (!known.has(holding)) known.set(holding, { values: [...list.values, ...single.values], holding });
    }
  }
  return [...known.values()].filter(({ values }) => values.length > 1);
}
