import { anyText, oneCharacter } from "../syntax/tokens.ts";
import { anyInSegment, colon, foldCode, oneInSegment, type Pattern } from "./pattern.ts";

/** Follows the last token of each pattern. */
const end = -9;
/** The first of the private-use characters (Unicode) that stand for unknown values of policy variables. */
export const firstUnknown = 0xe000;

/**
 * Some patterns as one nondeterministic automaton: their tokens one after another. A position is the index of the token
 * that a pattern must match next.
 */
export interface Automaton {
  readonly tokens: readonly number[];
  /** By position: the number of its pattern. */
  readonly owners: readonly number[];
  /** By pattern: whether it ignores case. */
  readonly folds: readonly boolean[];
  /** The positions before any character, ascending. */
  readonly start: readonly number[];
}

/** Builds the automaton of patterns without variables. Throws `TypeError` if one has a variable. */
export function buildAutomaton(patterns: readonly Pattern[]): Automaton {
  const tokens: number[] = [];
  const owners: number[] = [];
  const start: number[] = [];
  for (const [owner, pattern] of patterns.entries()) {
    start.push(tokens.length);
    for (const token of pattern.tokens) {
      if (typeof token === "string")
        throw new TypeError(`${token} must be replaced by its value before the search`);
      tokens.push(token);
      owners.push(owner);
    }
    tokens.push(end);
    owners.push(owner);
  }
  const automaton = { tokens, owners, folds: patterns.map(({ ignoreCase }) => ignoreCase), start };
  return { ...automaton, start: start.flatMap((position) => withSkipped(automaton, position)) };
}

/** A star may also match the empty text. */
function withSkipped({ tokens }: Automaton, position: number): readonly number[] {
  return isStar(tokens[position]) ? [position, position + 1] : [position];
}

/** Whether a token is a star, of a text or of a segment. */
export function isStar(token: number | undefined): boolean {
  return token === anyText || token === anyInSegment;
}

/** Whether a token matches a character. */
export function takes(token: number | undefined, code: number, folds: boolean | undefined): boolean {
  if (token === undefined || token === end) return false;
  if (token === anyText) return true;
  if (token === oneCharacter || token === oneInSegment) {
    return !standsForText(code) && (token === oneCharacter || code !== colon);
  }
  if (token === anyInSegment) return code !== colon;
  return token === code || (folds === true && foldCode(token) === foldCode(code));
}

/** Whether a character stands for the unknown value of a policy variable. It may be longer than `?` matches. */
export function standsForText(code: number): boolean {
  return code >= firstUnknown && code < 0xf900;
}

/** Whether a position is the end of its pattern: everything is matched. */
export function isEnd({ tokens }: Automaton, position: number): boolean {
  return tokens[position] === end;
}

/** Returns the positions after one more character, ascending. */
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
