import { anyText, oneCharacter } from "../syntax/tokens.ts";
import { anyInSegment, colon, foldCode, oneInSegment, type Pattern } from "./pattern.ts";

/** Stands behind the last token of each pattern. */
const end = -9;
/** The first of the characters (Unicode: private use) that stand for the unknown text of a policy variable. */
export const firstUnknown = 0xe000;

/** Patterns laid out one behind the other: a position stands for what is still to be matched of one of them. */
export interface Automaton {
  readonly tokens: readonly number[];
  /** Which pattern a position belongs to. */
  readonly owners: readonly number[];
  readonly folds: readonly boolean[];
  /** The positions before any text, ascending. */
  readonly start: readonly number[];
}

/** Lays out patterns without variables. */
export function buildAutomaton(patterns: readonly Pattern[]): Automaton {
  const tokens: number[] = [];
  const owners: number[] = [];
  const start: number[] = [];
  for (const [owner, pattern] of patterns.entries()) {
    start.push(tokens.length);
    for (const token of pattern.tokens) {
      if (typeof token === "string")
        throw new TypeError(`${token} must have its value before texts are sought`);
      tokens.push(token);
      owners.push(owner);
    }
    tokens.push(end);
    owners.push(owner);
  }
  const automaton = { tokens, owners, folds: patterns.map(({ ignoreCase }) => ignoreCase), start };
  return { ...automaton, start: start.flatMap((position) => withSkipped(automaton, position)) };
}

/** A wildcard for any text may also match none. */
function withSkipped({ tokens }: Automaton, position: number): readonly number[] {
  return isStar(tokens[position]) ? [position, position + 1] : [position];
}

/** Whether a token is a wildcard for any text. */
export function isStar(token: number | undefined): boolean {
  return token === anyText || token === anyInSegment;
}

/** Whether a token can take a character. */
export function takes(token: number | undefined, code: number, folds: boolean | undefined): boolean {
  if (token === undefined || token === end) return false;
  if (token === anyText) return true;
  if (token === oneCharacter || token === oneInSegment) {
    return !standsForText(code) && (token === oneCharacter || code !== colon);
  }
  if (token === anyInSegment) return code !== colon;
  return token === code || (folds === true && foldCode(token) === foldCode(code));
}

/** Whether a character stands for the unknown text of a policy variable: `?` is too short for it. */
export function standsForText(code: number): boolean {
  return code >= firstUnknown && code < 0xf900;
}

/** Whether a position has its whole pattern behind it. */
export function isEnd({ tokens }: Automaton, position: number): boolean {
  return tokens[position] === end;
}

/** The positions after one more character, ascending. */
export function advance(automaton: Automaton, positions: readonly number[], code: number): readonly number[] {
  const { tokens, owners, folds } = automaton;
  const next: number[] = [];
  let sorted = true;
  const add = (position: number): void => {
    const last = next.at(-1) ?? -1;
    if (position < last) sorted = false;
    if (position !== last) next.push(position);
  };
  for (const position of positions) {
    const token = tokens[position];
    if (!takes(token, code, folds[owners[position] ?? 0])) continue;
    const reached = isStar(token) ? position : position + 1;
    add(reached);
    if (isStar(tokens[reached])) add(reached + 1);
  }
  if (sorted) return next;
  return [...new Set(next)].sort((one, other) => one - other);
}
