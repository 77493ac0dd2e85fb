import { charge, type StepBudget } from "../support/step-budget.ts";
import { type Automaton, advance, buildAutomaton, isEnd, isStar, takes } from "./automaton.ts";
import { createDominance, dominates, type PositionSet, packPositions } from "./dominance.ts";
import { anyInSegment, colon, foldCode, oneInSegment, type Pattern, swapCase } from "./pattern.ts";
import type { TextGoal } from "./text-goal.ts";

/** A text that was reached, and the numbers of the goals whose patterns match it. */
export interface ReachedText {
  readonly text: string;
  readonly owners: readonly number[];
}

/** A state of the search, and the character that led to it. */
interface Node {
  /** Position in the base. */
  readonly base: number;
  /** Positions in the patterns of the goals. */
  readonly positions: readonly number[];
  readonly packed: PositionSet;
  readonly parent: Node | undefined;
  /** -1 in the first node. */
  readonly code: number;
}

/**
 * Searches the texts of a pattern breadth-first, character by character. A dominated state is dropped (antichains: De
 * Wulf et al., "Antichains: A New Algorithm for Checking Universality of Finite Automata", CAV 2006), so that no product
 * automaton is built. Texts that one of the first `excluded` goals matches are not returned. Throws `BudgetError`.
 */
export function searchTexts(
  base: Pattern,
  goals: readonly TextGoal[],
  excluded: number,
  budget: StepBudget,
): readonly ReachedText[] {
  const baseAutomaton = buildAutomaton([base]);
  const automaton = buildAutomaton(goals.map(({ pattern }) => pattern));
  const wanted = goals.map((goal) => goal.wanted);
  const dominance = createDominance(automaton, wanted);
  const fresh = pickFresh(automaton);
  const found: (ReachedText & { readonly ends: PositionSet })[] = [];
  const seen = new Map<number, readonly PositionSet[]>();
  const queue: Node[] = [];
  const isExcluded = (positions: readonly number[], test: (position: number) => boolean): boolean =>
    positions.some((position) => (automaton.owners[position] ?? 0) < excluded && test(position));
  // Returns true if no text can be better: the search is over.
  const accept = (node: Node): boolean => {
    const ends = node.positions.filter((position) => isEnd(automaton, position));
    if (isExcluded(ends, () => true)) return false;
    const packed = packPositions(ends, dominance.width);
    charge(budget, 1 + (found.length >> 4));
    if (found.some((other) => dominates(dominance, other.ends, packed))) return false;
    const owners = ends.map((position) => automaton.owners[position] ?? 0);
    found.push({ text: readText(node), owners, ends: packed });
    return wanted.every(
      (want, owner) => want !== "either" && owners.includes(owner) === (want === "matched"),
    );
  };
  const matchesAlways = (position: number): boolean => {
    return ((dominance.settled[position >> 5] ?? 0) & (1 << (position & 31))) !== 0;
  };
  const push = (node: Node): boolean => {
    const others = seen.get(node.base) ?? [];
    charge(budget, 1 + (((others.length + 1) * dominance.width + node.positions.length) >> 5));
    if (others.some((other) => dominates(dominance, other, node.packed))) return false;
    if (isExcluded(node.positions, matchesAlways)) return false;
    const kept = others.filter((other) => !dominates(dominance, node.packed, other));
    kept.push(node.packed);
    seen.set(node.base, kept);
    if (isEnd(baseAutomaton, node.base)) return accept(node);
    queue.push(node);
    return isStar(baseAutomaton.tokens[node.base]) && push({ ...node, base: node.base + 1 });
  };
  const enter = (base: number, positions: readonly number[], parent: Node | undefined, code: number) =>
    push({ base, positions, packed: packPositions(positions, dominance.width), parent, code });
  if (enter(0, automaton.start, undefined, -1)) return found;
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at];
    // A dominating state may have been found since this one was queued.
    if (node === undefined || seen.get(node.base)?.includes(node.packed) !== true) continue;
    const token = baseAutomaton.tokens[node.base];
    for (const code of listCodes(automaton, wanted, node.positions, token, base.ignoreCase, fresh)) {
      const next = isStar(token) ? node.base : node.base + 1;
      if (enter(next, advance(automaton, node.positions, code), node, code)) return found;
    }
  }
  return found;
}

/** The characters that lead to different states. `fresh` stands for all other characters. */
function listCodes(
  automaton: Automaton,
  wanted: readonly TextGoal["wanted"][],
  positions: readonly number[],
  token: number | undefined,
  ignoreCase: boolean,
  fresh: number,
): readonly number[] {
  if (token === undefined) return [];
  if (token >= 0) return ignoreCase ? [token, swapCase(token)] : [token];
  const codes = new Set([fresh]);
  for (const position of positions) {
    const owner = automaton.owners[position] ?? 0;
    const next = automaton.tokens[position] ?? -1;
    if (next === anyInSegment || next === oneInSegment) codes.add(colon);
    // To avoid a pattern, the fresh character is the best.
    if (next < 0 || wanted[owner] === "avoided") continue;
    for (const code of automaton.folds[owner] ? [next, swapCase(next)] : [next]) codes.add(code);
  }
  return [...codes].filter((code) => takes(token, code, false));
}

/** A character that no pattern contains, in any case. */
function pickFresh({ tokens }: Automaton): number {
  const named = new Set(tokens.filter((token) => token >= 0).map(foldCode));
  for (const char of "xyzqwvkj0123456789") {
    if (!named.has(char.charCodeAt(0))) return char.charCodeAt(0);
  }
  let code = 0x4e00;
  while (named.has(code)) code++;
  return code;
}

function readText(node: Node): string {
  const codes: number[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) {
    if (at.code >= 0) codes.push(at.code);
  }
  return codes
    .reverse()
    .map((code) => String.fromCharCode(code))
    .join("");
}
