import { charge, type StepBudget } from "../support/step-budget.ts";
import { type Automaton, advance, buildAutomaton, isEnd, isStar, takes } from "./automaton.ts";
import { createDominance, dominates, type PositionSet, packPositions } from "./dominance.ts";
import { anyInSegment, colon, foldCode, oneInSegment, type Pattern, swapCase } from "./pattern.ts";
import type { TextGoal } from "./text-goal.ts";

/** A text that was reached, and which of the aims match it, by their numbers. */
export interface ReachedText {
  readonly text: string;
  readonly owners: readonly number[];
}

interface Node {
  readonly base: number;
  readonly positions: readonly number[];
  readonly packed: PositionSet;
  readonly parent: Node | undefined;
  readonly code: number;
}

/**
 * Walks the texts of a pattern breadth-first over (place in it, places in the aims). A state yields to one that is at
 * least as good for every aim (antichains: De Wulf et al., CAV 2006), so that no product of patterns is built. The
 * first `barriers` of the aims must not match.
 * @throws BudgetError
 */
export function searchTexts(
  base: Pattern,
  sought: readonly TextGoal[],
  barriers: number,
  budget: StepBudget,
): readonly ReachedText[] {
  const line = buildAutomaton([base]);
  const automaton = buildAutomaton(sought.map(({ pattern }) => pattern));
  const wanted = sought.map((aim) => aim.wanted);
  const dominance = createDominance(automaton, wanted);
  const fresh = pickFresh(automaton);
  const found: (ReachedText & { readonly ends: PositionSet })[] = [];
  const seen = new Map<number, readonly PositionSet[]>();
  const queue: Node[] = [];
  const isBarred = (positions: readonly number[], test: (position: number) => boolean): boolean =>
    positions.some((position) => (automaton.owners[position] ?? 0) < barriers && test(position));
  // True when nothing better can come.
  const accept = (node: Node): boolean => {
    const ends = node.positions.filter((position) => isEnd(automaton, position));
    if (isBarred(ends, () => true)) return false;
    const packed = packPositions(ends, dominance.width);
    charge(budget, 1 + (found.length >> 4));
    if (found.some((rival) => dominates(dominance, rival.ends, packed))) return false;
    const owners = ends.map((position) => automaton.owners[position] ?? 0);
    found.push({ text: readText(node), owners, ends: packed });
    return wanted.every(
      (want, owner) => want !== "either" && owners.includes(owner) === (want === "matched"),
    );
  };
  const isSettled = (position: number): boolean => {
    return ((dominance.settled[position >> 5] ?? 0) & (1 << (position & 31))) !== 0;
  };
  const push = (node: Node): boolean => {
    const rivals = seen.get(node.base) ?? [];
    charge(budget, 1 + (((rivals.length + 1) * dominance.width + node.positions.length) >> 5));
    if (rivals.some((rival) => dominates(dominance, rival, node.packed))) return false;
    if (isBarred(node.positions, isSettled)) return false;
    const kept = rivals.filter((rival) => !dominates(dominance, node.packed, rival));
    kept.push(node.packed);
    seen.set(node.base, kept);
    if (isEnd(line, node.base)) return accept(node);
    queue.push(node);
    return isStar(line.tokens[node.base]) && push({ ...node, base: node.base + 1 });
  };
  const enter = (base: number, positions: readonly number[], parent: Node | undefined, code: number) =>
    push({ base, positions, packed: packPositions(positions, dominance.width), parent, code });
  if (enter(0, automaton.start, undefined, -1)) return found;
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at];
    // A better state may have come while this one waited.
    if (node === undefined || seen.get(node.base)?.includes(node.packed) !== true) continue;
    const token = line.tokens[node.base];
    for (const code of listCodes(automaton, wanted, node.positions, token, base.ignoreCase, fresh)) {
      const next = isStar(token) ? node.base : node.base + 1;
      if (enter(next, advance(automaton, node.positions, code), node, code)) return found;
    }
  }
  return found;
}

/** The characters that lead to different places; of all others, one stands for all. */
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
    const aim = automaton.tokens[position] ?? -1;
    if (aim === anyInSegment || aim === oneInSegment) codes.add(colon);
    // Where a pattern is to be avoided, the fresh character does best.
    if (aim < 0 || wanted[owner] === "avoided") continue;
    for (const code of automaton.folds[owner] ? [aim, swapCase(aim)] : [aim]) codes.add(code);
  }
  return [...codes].filter((code) => takes(token, code, false));
}

/** A character that none of the patterns names. */
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
