import { matchesAction } from "../evaluate/action-pattern.ts";
import { isJsonObject } from "../policy-json.ts";
import { listTexts, type Statement } from "./narrowing.ts";

/** Allow statements that may be within two others: `build` makes one of some of the actions and some of the resources. */
export interface Intersection {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly build: (actions: readonly string[], resources: readonly string[]) => Statement;
  /** Whether these are the first statement's actions and resources, under conditions that both have or one lacks. */
  readonly isPlain: boolean;
}

/** One element of a statement that can be narrowed: `print` returns it with some of its values. */
interface Clause {
  readonly values: readonly string[];
  readonly print: (values: readonly string[]) => Statement;
  /** Whether these are the first statement's own values. */
  readonly isOwn: boolean;
}

/**
 * Returns what two Allow statements may have in common, the first statement's own words first: its actions and resources, or
 * those of the second, under the conditions of both. `NotAction` and `NotResource` stay as they are, or both lists are joined.
 * These are candidates: the caller compares each statement with both.
 */
export function intersectStatements(one: Statement, other: Statement): readonly Intersection[] {
  const conditions = joinConditions(one.Condition, other.Condition);
  const resources = listClauses("Resource", one, other, () => true);
  return listClauses("Action", one, other, mayMatch).flatMap((action) =>
    resources.flatMap((resource) =>
      conditions.map((condition) => ({
        isPlain: action.isOwn && resource.isOwn && conditions.length === 1,
        actions: action.values,
        resources: resource.values,
        build: (actions: readonly string[], on: readonly string[]) => ({
          Effect: "Allow",
          ...action.print(actions),
          ...resource.print(on),
          ...condition,
        }),
      })),
    ),
  );
}

/** Returns the clauses of one element; `mayBeIn` leaves out values that no pattern of the other statement contains. */
function listClauses(
  element: "Action" | "Resource",
  one: Statement,
  other: Statement,
  mayBeIn: (value: string, patterns: readonly string[]) => boolean,
): readonly Clause[] {
  const negated = `Not${element}`;
  const print = (values: readonly string[]): Statement => ({ [element]: values });
  const [own, others] = [listTexts(one[element]), listTexts(other[element])];
  const mayHold = (value: string, side: Statement, patterns: readonly string[]) =>
    negated in side || mayBeIn(value, patterns);
  const excepted = [one, other].filter((side) => negated in side).map((side) => listTexts(side[negated]));
  const joined = [...new Set(excepted.flat())];
  return [
    { isOwn: true, values: own.filter((value) => mayHold(value, other, others)), print },
    {
      isOwn: false,
      values: others.filter((value) => value !== "*" && !own.includes(value) && mayHold(value, one, own)),
      print,
    },
    // One value stands for the element, which stays whole.
    ...(joined.length > 0 ? [{ isOwn: false, values: [negated], print: () => ({ [negated]: joined }) }] : []),
  ].filter(({ values }) => values.length > 0);
}

function mayMatch(action: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesAction(pattern, action.replaceAll(/[*?]/g, "x")));
}

/** Returns conditions that hold where both hold: the two joined, else either of them, as it may imply the other. */
function joinConditions(one: unknown, other: unknown): readonly Statement[] {
  if (one === undefined) return [other === undefined ? {} : { Condition: other }];
  if (other === undefined || printCondition(one) === printCondition(other)) return [{ Condition: one }];
  const joined = mergeConditions(one, other);
  return [joined, one, other].flatMap((Condition) => (Condition === undefined ? [] : [{ Condition }]));
}

// One value is the same as a list of it, and operators and keys have no order.
function printCondition(condition: unknown): string {
  return JSON.stringify(condition, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.length === 1 ? value[0] : value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * Returns a condition block with the conditions of two. Where both ask the same operator for the same key, it has the values
 * that both take, and for a negated operator those that either refuses. Undefined if no value is left.
 */
function mergeConditions(one: unknown, other: unknown): Statement | undefined {
  const joined = new Map<string, Map<string, { readonly key: string; readonly values: readonly string[] }>>();
  for (const [operator, keys] of [one, other].flatMap(listEntries)) {
    const block = joined.get(operator) ?? new Map();
    joined.set(operator, block);
    for (const [key, value] of listEntries(keys)) {
      // Names of condition keys have no case.
      const name = key.toLowerCase();
      const before: readonly string[] | undefined = block.get(name)?.values;
      const values = [value].flat().map(String);
      block.set(name, { key, values: before ? joinValues(operator, before, values) : values });
    }
  }
  const blocks = [...joined].map(([operator, block]) => [operator, [...block.values()]] as const);
  if (blocks.some(([, block]) => block.some(({ values }) => values.length === 0))) return undefined;
  return Object.fromEntries(
    blocks.map(([operator, block]) => [
      operator,
      Object.fromEntries(block.map(({ key, values }) => [key, values])),
    ]),
  );
}

function listEntries(value: unknown): readonly (readonly [string, unknown])[] {
  return isJsonObject(value) ? Object.entries(value) : [];
}

function joinValues(operator: string, one: readonly string[], other: readonly string[]): readonly string[] {
  return /not/i.test(operator)
    ? [...new Set([...one, ...other])]
    : one.filter((value) => other.includes(value));
}
