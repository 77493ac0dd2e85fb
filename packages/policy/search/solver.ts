import type { CompiledCondition } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import { type CompiledStatement, listConditions } from "../compiled/statement.ts";
import { BudgetError, charge, type StepBudget } from "../support/step-budget.ts";
import { uniqueBy } from "../support/unique.ts";
import { type KeyChoice, type KeyValue, listChoices } from "./key-choices.ts";
import type { KeyConditions } from "./key-conditions.ts";

/** Statements whose conditions must all hold, and statements of each of which some condition must fail. */
export interface ConditionGoal {
  readonly held: readonly CompiledStatement[];
  readonly failed: readonly CompiledStatement[];
}

/** The values that policy variables were given: these keys have no other choice. */
export type Assignment = ReadonlyMap<string, string | undefined>;

/** A context that reaches a goal; that there is none; or that this cannot be told. */
export type ContextSearchResult =
  | { readonly kind: "reached"; readonly context: ReadonlyMap<string, KeyValue> }
  | { readonly kind: "impossible" }
  | { readonly kind: "unclear"; readonly message: string };

const impossible: ContextSearchResult = { kind: "impossible" };

/** Seeks a request context for a goal. @throws BudgetError */
export function solveConditions(
  goal: ConditionGoal,
  assignment: Assignment,
  profile: KeyProfile,
  budget: StepBudget,
): ContextSearchResult {
  const held = listConditions(goal.held);
  const isHeld = new Set(held.map(textOf));
  const alternatives: (readonly CompiledCondition[])[] = [];
  for (const { conditions } of goal.failed) {
    const open = conditions.filter(({ text }) => !isHeld.has(text));
    if (open.length === 0) return impossible;
    alternatives.push(open);
  }
  const keys = collectKeys(held, uniqueBy(alternatives.flat(), textOf), profile);
  const places = new Map<string, { readonly key: number; readonly bit: bigint }>();
  const domains: (readonly KeyChoice[])[] = [];
  for (const [index, conditions] of keys.entries()) {
    const fixed = assignment.has(conditions.key) ? { value: assignment.get(conditions.key) } : undefined;
    const choices = listChoices(conditions, fixed, budget);
    for (const [bit, { text }] of conditions.failed.entries())
      places.set(text, { key: index, bit: 1n << BigInt(bit) });
    domains.push(choices);
  }
  const clauses = alternatives
    .map((conditions) => conditions.flatMap(({ text }) => places.get(text) ?? []))
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

function collectKeys(
  held: readonly CompiledCondition[],
  failed: readonly CompiledCondition[],
  profile: KeyProfile,
): readonly KeyConditions[] {
  const [heldBy, failedBy] = [Map.groupBy(held, keyOf), Map.groupBy(failed, keyOf)];
  return [...new Set([...heldBy.keys(), ...failedBy.keys()])].map((key) => ({
    key,
    held: heldBy.get(key) ?? [],
    failed: failedBy.get(key) ?? [],
    isMultivalued: profile.multivalued.has(key),
    isBoolean: profile.booleans.has(key),
  }));
}

const keyOf = ({ canonical }: CompiledCondition): string => canonical.key;
const textOf = ({ text }: CompiledCondition): string => text;

interface Place {
  readonly key: number;
  readonly bit: bigint;
}

// Each is a call within the last one.
const deepest = 2000;

/** Narrows the choices of each key until every clause has a condition that fails. */
function choose(
  domains: readonly (readonly KeyChoice[])[],
  clauses: readonly (readonly Place[])[],
  at: number,
  budget: StepBudget,
): readonly (readonly KeyChoice[])[] | undefined {
  const clause = clauses[at];
  if (clause === undefined) return domains;
  for (const { key, bit } of clause) {
    const choices = domains[key] ?? [];
    charge(budget, 1 + (choices.length >> 3) + (domains.length >> 4));
    if (at > deepest)
      throw new BudgetError("More statements bear on one request than are looked at together.");
    const left = choices.filter(({ unfalsified }) => (unfalsified & bit) === 0n);
    if (left.length === 0) continue;
    const narrowed = domains.map((domain, index) => (index === key ? left : domain));
    const found = choose(narrowed, clauses, at + 1, budget);
    // Where the condition fails in any case, another way to fail this clause leads no further.
    if (found !== undefined || left.length === choices.length) return found;
  }
  return undefined;
}

/** Texts and numbers have no common order in which every difference has a representative. */
function isMixed({ held, failed }: KeyConditions): boolean {
  const families = [...held, ...failed].flatMap(({ operator, canonical }) => {
    if (operator === undefined || operator.family === "null" || canonical.values.length === 0) return [];
    const { family } = operator;
    return family === "numeric" || family === "date" || family === "ip" ? [family] : ["text"];
  });
  return new Set(families).size > 1;
}
