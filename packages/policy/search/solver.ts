import { type CompiledCondition, findValueKind, groupByKey } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import { type CompiledStatement, listConditions } from "../compiled/statement.ts";
import { BudgetError, charge, type StepBudget } from "../support/step-budget.ts";
import { uniqueBy } from "../support/unique.ts";
import type { Assignment } from "./assignment.ts";
import { type KeyChoice, type KeyValue, listChoices } from "./key-choices.ts";
import type { KeyConditions } from "./key-conditions.ts";

/** Asks for a request context for which the conditions of some statements hold and those of others do not. */
export interface ConditionGoal {
  /** Statements whose conditions must all hold. */
  readonly held: readonly CompiledStatement[];
  /** Statements of each of which at least one condition must fail. */
  readonly failed: readonly CompiledStatement[];
}

/** The answer to a condition goal. */
export type ConditionSolution =
  /** The context reaches the goal; a key whose value is undefined is absent. */
  | { readonly kind: "solved"; readonly context: ReadonlyMap<string, KeyValue> }
  /** No context reaches the goal. */
  | { readonly kind: "impossible" }
  /** Neither is certain; the message is one sentence for a person. */
  | { readonly kind: "unclear"; readonly message: string };

const impossible: ConditionSolution = { kind: "impossible" };

/** Searches for a request context that reaches a goal and has the values of `assignment`. Throws BudgetError. */
export function solveConditions(
  goal: ConditionGoal,
  assignment: Assignment,
  profile: KeyProfile,
  budget: StepBudget,
): ConditionSolution {
  const held = listConditions(goal.held);
  const isHeld = new Set(held.map(textOf));
  const alternatives: (readonly CompiledCondition[])[] = [];
  for (const { conditions } of goal.failed) {
    const open = conditions.filter(({ text }) => !isHeld.has(text));
    if (open.length === 0) return impossible;
    alternatives.push(open);
  }
  const keys = listKeyConditions(held, uniqueBy(alternatives.flat(), textOf), profile);
  const places = new Map<string, ConditionPlace>();
  const domains = keys.map((conditions, index) => {
    for (const [bit, { text }] of conditions.failed.entries())
      places.set(text, { key: index, bit: 1n << BigInt(bit) });
    return listChoices(conditions, assignment, budget);
  });
  const clauses = alternatives
    .map((conditions) => conditions.flatMap(({ text }) => places.get(text) ?? []))
    .sort((one, other) => one.length - other.length);
  const chosen = domains.some((choices) => choices.length === 0)
    ? undefined
    : choose(domains, clauses, 0, budget);
  if (chosen) {
    const values = keys.map(({ key }, index) => [key, chosen[index]?.[0]?.value] as const);
    return { kind: "solved", context: new Map([...assignment, ...values]) };
  }
  const mixed = keys.find(isMixed);
  if (!mixed) return impossible;
  return {
    kind: "unclear",
    message: `The key ${mixed.key} is compared both as a text and as a number, date or address.`,
  };
}

function listKeyConditions(
  held: readonly CompiledCondition[],
  failed: readonly CompiledCondition[],
  profile: KeyProfile,
): readonly KeyConditions[] {
  const [heldByKey, failedByKey] = [groupByKey(held), groupByKey(failed)];
  return [...new Set([...heldByKey.keys(), ...failedByKey.keys()])].map((key) => ({
    key,
    held: heldByKey.get(key) ?? [],
    failed: failedByKey.get(key) ?? [],
    isMultivalued: profile.multivalued.has(key),
    isBoolean: profile.booleans.has(key),
  }));
}

const textOf = ({ text }: CompiledCondition): string => text;

/** A condition that may fail: the index of its key, and its bit in the choices of that key. */
interface ConditionPlace {
  readonly key: number;
  readonly bit: bigint;
}

// Each clause is one level of recursion; the stack holds this many.
const maxClauses = 2000;

/**
 * Narrows the choices of each key until every clause from `at` on has a condition that fails for all that are left.
 * Returns undefined if there is no way.
 */
function choose(
  domains: readonly (readonly KeyChoice[])[],
  clauses: readonly (readonly ConditionPlace[])[],
  at: number,
  budget: StepBudget,
): readonly (readonly KeyChoice[])[] | undefined {
  const clause = clauses[at];
  if (!clause) return domains;
  for (const { key, bit } of clause) {
    const choices = domains[key] ?? [];
    charge(budget, 1 + (choices.length >> 3) + (domains.length >> 4));
    if (at > maxClauses) throw new BudgetError("Too many statements apply to one request.");
    const remaining = choices.filter(({ unfalsified }) => (unfalsified & bit) === 0n);
    if (remaining.length === 0) continue;
    const narrowed = domains.map((domain, index) => (index === key ? remaining : domain));
    const found = choose(narrowed, clauses, at + 1, budget);
    // If every choice falsifies this condition, another condition of the clause narrows more and leads no further.
    if (found || remaining.length === choices.length) return found;
  }
  return undefined;
}

/** Returns whether a key is compared as values of several kinds, for which `listKeyValues` can miss a combination. */
function isMixed({ held, failed }: KeyConditions): boolean {
  return new Set([...held, ...failed].flatMap((condition) => findValueKind(condition) ?? [])).size > 1;
}
