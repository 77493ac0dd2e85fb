import { type Automaton, isEnd, isStar } from "./automaton.ts";
import type { TextGoal } from "./text-goal.ts";

/** A set of positions as a bit set, 32 to the word. */
export type PositionSet = readonly number[];

/**
 * Orders the states of a text search. A state is a set of positions; one dominates another if it is at least as good for
 * every goal, whatever text follows.
 */
export interface Dominance {
  /** Words of a position set. */
  readonly width: number;
  /** Positions that a dominating state must not add: their goals avoid a match. */
  readonly harmful: PositionSet;
  /** Positions that a dominating state must not lack: their goals want a match. */
  readonly useful: PositionSet;
  /** Positions that match every continuation: a star at the end of a pattern. */
  readonly settled: PositionSet;
}

/** Creates the order for goals, one for each pattern of the automaton. A goal that wants `either` counts as both. */
export function createDominance(automaton: Automaton, wanted: readonly TextGoal["wanted"][]): Dominance {
  const positions = automaton.tokens.map((_, position) => position);
  const wants = (position: number): TextGoal["wanted"] => wanted[automaton.owners[position] ?? 0] ?? "either";
  const width = Math.max(1, Math.ceil(positions.length / 32));
  const pack = (test: (position: number) => boolean) => packPositions(positions.filter(test), width);
  return {
    width,
    harmful: pack((position) => wants(position) !== "matched"),
    useful: pack((position) => wants(position) !== "avoided"),
    settled: pack((position) => isStar(automaton.tokens[position]) && isEnd(automaton, position + 1)),
  };
}

/** Packs positions into a bit set of `width` words. */
export function packPositions(positions: readonly number[], width: number): PositionSet {
  const words = new Array<number>(width).fill(0);
  for (const position of positions)
    words[position >> 5] = (words[position >> 5] ?? 0) | (1 << (position & 31));
  return words;
}

/** Whether one state is at least as good as the other for every goal, whatever text follows. */
export function dominates(
  { width, harmful, useful }: Dominance,
  one: PositionSet,
  other: PositionSet,
): boolean {
  for (let word = 0; word < width; word++) {
    const [ours = 0, theirs = 0] = [one[word], other[word]];
    const worse = (ours & ~theirs & (harmful[word] ?? 0)) | (theirs & ~ours & (useful[word] ?? 0));
    if (worse !== 0) return false;
  }
  return true;
}
