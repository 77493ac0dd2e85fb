import type { Combination } from "../compiled/combination.ts";
import type { CompiledCondition } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import { type CompiledStatement, listConditions, listVariableKeys } from "../compiled/statement.ts";
import { firstUnknown } from "../pattern/automaton.ts";
import type { Pattern } from "../pattern/pattern.ts";
import { charge, noteWork, type StepBudget } from "../support/step-budget.ts";
import { readVariable, type Token } from "../syntax/tokens.ts";
import { areComplete } from "./completeness.ts";
import type { SidedStatement } from "./sided-statement.ts";
import type { Assignment } from "./solver.ts";

/** Values to try for the policy variables of some statements. */
export interface Assignments {
  readonly list: readonly Assignment[];
  /** Whether these show whatever difference any values show. */
  readonly complete: boolean;
}

const mostAssignments = 128;
const mostKeys = 128;

/**
 * Values for the policy variables that bear on a combination: none, an unknown text that only `*` and the same variable
 * match, and every text that makes a variable meet a literal of the other patterns.
 * @throws BudgetError
 */
export function listAssignments(
  combination: Combination,
  from: CompiledStatement,
  players: readonly SidedStatement[],
  profile: KeyProfile,
  budget: StepBudget,
): Assignments {
  const statements = [from, ...players.map(({ statement }) => statement)];
  const places = combination.resource ? [combination.resource.selector, ...combination.resource.except] : [];
  const used = [...listVariableKeys(places), ...statements.flatMap(({ variables }) => variables)];
  const keys = [...new Set(used)].sort();
  if (keys.length === 0) return { list: [new Map()], complete: true };
  // Nobody writes as many: what no values at all show is looked for, and the rest stays open.
  if (keys.length > mostKeys) {
    return { list: [new Map(keys.map((key) => [key, undefined]))], complete: false };
  }
  const conditions = listConditions(statements);
  const resources = statements.flatMap((statement) => statement.resources?.entries ?? []);
  const families = [
    [...places, ...resources],
    ...[...Map.groupBy(conditions, ({ canonical }) => canonical.key).values()].map((own) =>
      own.flatMap((condition) => condition.patterns),
    ),
  ];
  let list: readonly Assignment[] = [new Map()];
  let complete = areComplete(combination, from, players, keys, profile);
  for (const key of keys) {
    const values = [undefined, standIn(key, keys), ...listMeetings(key, keys, families, conditions, budget)];
    const isTooMany = list.length * values.length > mostAssignments;
    const tried = isTooMany ? values.slice(1, 2) : values;
    if (isTooMany) complete = false;
    charge(budget, list.length * tried.length);
    list = list.flatMap((assignment) => tried.map((value) => new Map(assignment).set(key, value)));
  }
  return { list, complete };
}

/** The character that stands for the unknown text of a variable. */
function standIn(key: string, keys: readonly string[]): string {
  return String.fromCharCode(firstUnknown + keys.indexOf(key));
}

/** Texts with which a variable is what another pattern has in its place, or what a condition asks of its key. */
function listMeetings(
  key: string,
  keys: readonly string[],
  families: readonly (readonly Pattern[])[],
  conditions: readonly CompiledCondition[],
  budget: StepBudget,
): ReadonlySet<string> {
  const own = conditions.filter(({ canonical }) => canonical.key === key).flatMap(({ patterns }) => patterns);
  const meetings = own.flatMap(({ tokens }) => readMeeting(tokens, keys));
  for (const patterns of families) {
    const holders = patterns.filter(({ tokens }) => tokens.some((token) => isVariable(token, key)));
    for (const holder of holders) {
      charge(budget, 1 + (patterns.length >> 3));
      for (const other of patterns)
        meetings.push(...readMeeting(findMiddle(holder.tokens, other.tokens, key), keys));
    }
  }
  return new Set(meetings.filter((text) => text !== standIn(key, keys)));
}

/** The text that a variable has in common with a pattern: a literal, or what another variable stands for. */
function readMeeting(tokens: readonly Token[] | undefined, keys: readonly string[]): readonly string[] {
  if (tokens === undefined) return [];
  const [only, ...more] = tokens;
  // A tag can have an empty value.
  if (only === undefined) return [""];
  if (typeof only === "string" && more.length === 0) {
    const { key, fallback } = readVariable(only);
    return [standIn(key, keys), ...(fallback === undefined ? [] : [fallback])];
  }
  if (tokens.some((token) => typeof token === "string")) return [];
  const text = printLiterally(tokens);
  return text === "" ? [] : [text];
}

function isVariable(token: Token, key: string): boolean {
  return typeof token === "string" && readVariable(token).key === key;
}

/** What stands in one pattern where another, otherwise alike at both ends, has a variable. */
function findMiddle(
  holder: readonly Token[],
  other: readonly Token[],
  key: string,
): readonly Token[] | undefined {
  noteWork(holder.length + other.length);
  const at = holder.findIndex((token) => isVariable(token, key));
  const rest = holder.length - at - 1;
  if (other.length < holder.length - 1) return undefined;
  const alike =
    holder.slice(0, at).every((token, index) => token === other[index]) &&
    holder.slice(at + 1).every((token, index) => token === other[other.length - rest + index]);
  return alike ? other.slice(at, other.length - rest) : undefined;
}

/** A text that a pattern matches: nothing for any text, `x` for one character. */
function printLiterally(tokens: readonly Token[]): string {
  return tokens
    .map((token) =>
      typeof token === "number" && token >= 0 ? String.fromCharCode(token) : token === -2 ? "x" : "",
    )
    .join("");
}
