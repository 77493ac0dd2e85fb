import type { Combination } from "../compiled/combination.ts";
import { type CompiledCondition, groupByKey } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import { type CompiledStatement, listConditions, listVariableKeys } from "../compiled/statement.ts";
import { firstUnknown } from "../pattern/automaton.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { charge, noteWork, type StepBudget } from "../support/step-budget.ts";
import { readVariable, type Token } from "../syntax/tokens.ts";
import { areComplete } from "./completeness.ts";
import type { SidedStatement } from "./sided-statement.ts";

/** Values of policy variables by key; undefined where the request does not have the key. */
export type Assignment = ReadonlyMap<string, string | undefined>;

/** The assignments to try for a combination. */
export interface Assignments {
  readonly list: readonly Assignment[];
  /** True only if these show every difference that any values show. */
  readonly complete: boolean;
}

// Caps on the search. Beyond them the assignments are not complete.
const maxAssignments = 128;
const maxKeys = 128;

/**
 * Returns values for the policy variables of a combination and of the statements near it. For each variable: no value,
 * an unknown text that only `*` and the same variable match, and each text with which a pattern that holds the variable
 * equals another pattern. Throws BudgetError.
 */
export function listAssignments(
  combination: Combination,
  from: CompiledStatement,
  near: readonly SidedStatement[],
  profile: KeyProfile,
  budget: StepBudget,
): Assignments {
  const statements = [from, ...near.map(({ statement }) => statement)];
  const { resource } = combination;
  const own = resource ? [resource.selector, ...resource.except] : [];
  const used = [...listVariableKeys(own), ...statements.flatMap(({ variables }) => variables)];
  const keys = [...new Set(used)].sort();
  if (keys.length === 0) return { list: [new Map()], complete: true };
  // No policy written by people has as many. Only requests without any of the keys are tried.
  if (keys.length > maxKeys) {
    return { list: [new Map(keys.map((key) => [key, undefined]))], complete: false };
  }
  const conditions = listConditions(statements);
  // Patterns that one text of a request is matched against.
  const families = [
    [...own, ...statements.flatMap((statement) => statement.resources?.entries ?? [])],
    ...[...groupByKey(conditions).values()].map((sameKey) => sameKey.flatMap(({ patterns }) => patterns)),
  ];
  let list: readonly Map<string, string | undefined>[] = [new Map()];
  let complete = areComplete(combination, from, near, keys, profile);
  for (const key of keys) {
    const values = [
      undefined,
      makeUnknown(key, keys),
      ...listMatchingTexts(key, keys, families, conditions, budget),
    ];
    const isTooMany = list.length * values.length > maxAssignments;
    const tried = isTooMany ? values.slice(1, 2) : values;
    if (isTooMany) complete = false;
    charge(budget, list.length * tried.length);
    // Only a second value needs a copy. With a hundred keys, a copy for each key would take most of the time.
    list = list.flatMap((assignment) => {
      const [first, ...others] = tried;
      const copies = others.map((value) => new Map(assignment).set(key, value));
      return [assignment.set(key, first), ...copies];
    });
  }
  return { list, complete };
}

/** Returns the character that stands for the unknown text of a variable. */
function makeUnknown(key: string, keys: readonly string[]): string {
  return String.fromCharCode(firstUnknown + keys.indexOf(key));
}

/** Returns the texts of other patterns in the place of a variable, and the values that conditions on its key list. */
function listMatchingTexts(
  key: string,
  keys: readonly string[],
  families: readonly (readonly Pattern[])[],
  conditions: readonly CompiledCondition[],
  budget: StepBudget,
): ReadonlySet<string> {
  const own = conditions.filter(({ canonical }) => canonical.key === key).flatMap(({ patterns }) => patterns);
  const texts = own.flatMap(({ tokens }) => readLiteral(tokens, keys));
  for (const patterns of families) {
    const holders = patterns.filter(({ tokens }) => tokens.some((token) => isVariable(token, key)));
    for (const holder of holders) {
      charge(budget, 1 + (patterns.length >> 3));
      for (const other of patterns)
        texts.push(...readLiteral(findTokensInPlace(holder.tokens, other.tokens, key), keys));
    }
  }
  return new Set(texts.filter((text) => text !== makeUnknown(key, keys)));
}

/** Returns the text that some tokens match, or the unknown text and the default of another variable. */
function readLiteral(tokens: readonly Token[] | undefined, keys: readonly string[]): readonly string[] {
  if (!tokens) return [];
  const [only, ...more] = tokens;
  // A tag can have an empty value.
  if (only === undefined) return [""];
  if (typeof only === "string" && more.length === 0) {
    const { key, fallback } = readVariable(only);
    return [makeUnknown(key, keys), ...(fallback === undefined ? [] : [fallback])];
  }
  if (tokens.some((token) => typeof token === "string")) return [];
  const text = sampleTokens(tokens);
  return text === "" ? [] : [text];
}

function isVariable(token: Token, key: string): boolean {
  return typeof token === "string" && readVariable(token).key === key;
}

/** Returns the tokens of `other` in the place of the variable of `holder`, if both are equal before and after it. */
function findTokensInPlace(
  holder: readonly Token[],
  other: readonly Token[],
  key: string,
): readonly Token[] | undefined {
  noteWork(holder.length + other.length);
  const at = holder.findIndex((token) => isVariable(token, key));
  const rest = holder.length - at - 1;
  if (other.length < holder.length - 1) return undefined;
  const isEqual =
    holder.slice(0, at).every((token, index) => token === other[index]) &&
    holder.slice(at + 1).every((token, index) => token === other[other.length - rest + index]);
  return isEqual ? other.slice(at, other.length - rest) : undefined;
}

/** Returns a text that some tokens match, with nothing for `*` and `x` for `?`. */
function sampleTokens(tokens: readonly Token[]): string {
  return tokens
    .map((token) =>
      typeof token === "number" && token >= 0 ? String.fromCharCode(token) : token === -2 ? "x" : "",
    )
    .join("");
}
