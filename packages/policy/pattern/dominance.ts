import { type Automaton, isEnd, isStar } from "./automaton.ts";
import type { TextGoal } from "./text-goal.ts";

/** A set of positions, 32 to the word. */
export type PositionSet = readonly number[];

/** How the states of a search compare: what is good to have matched so far, and what is good not to have. */
export interface Dominance {
  readonly width: number;
  /** Positions that a better state may lack only together with the other, and may not have alone. */
  readonly worse: PositionSet;
  readonly better: PositionSet;
  /** Positions that stay and end in a match, whatever follows: a last wildcard for any text. */
  readonly settled: PositionSet;
}

/** Lays out how states compare. */
export function createDominance(automaton: Automaton, wanted: readonly TextGoal["wanted"][]): Dominance {
  const positions = automaton.tokens.map((_, position) => position);
  const wants = (position: number): TextGoal["wanted"] => wanted[automaton.owners[position] ?? 0] ?? "either";
  const width = Math.max(1, Math.ceil(positions.length / 32));
  const pack = (test: (position: number) => boolean) => packPositions(positions.filter(test), width);
  return {
    width,
    worse: pack((position) => wants(position) !== "matched"),
    better: pack((position) => wants(position) !== "avoided"),
    settled: pack((position) => isStar(automaton.tokens[position]) && isEnd(automaton, position + 1)),
  };
}

/** Positions as words. */
export function packPositions(positions: readonly number[], width: number): PositionSet {
  const words = new Array<number>(width).fill(0);
  for (const position of positions)
    words[position >> 5] = (words[position >> 5] ?? 0) | (1 << (position & 31));
  return words;
}

/** Whether, whatever text follows, one state does at least as well as the other for every aim. */
export function dominates(
  { width, worse, better }: Dominance,
  one: PositionSet,
  other: PositionSet,
): boolean {
  for (let word = 0; word < width; word++) {
    const [here = 0, there = 0] = [one[word], other[word]];
    const harm = (here & ~there & (worse[word] ?? 0)) | (there & ~here & (better[word] ?? 0));
    if (harm !== 0) return false;
  }
  return true;
}
