import { type Automaton, advance, buildAutomaton, isEnd, isStar, takes } from "./automaton.ts";
import { type Budget, spend } from "./budget.ts";
import { anyInSegment, areDisjoint, coversPattern, foldCode, oneInSegment, type Pattern } from "./pattern.ts";
import { acceptsText } from "./text-acceptance.ts";

/** A pattern, and what is sought of it: the texts that avoid it, that it matches, or both kinds. */
export interface Aim {
  readonly pattern: Pattern;
  readonly wanted: "avoided" | "matched" | "either";
}

/** A text of the language that was searched, and which of the aims match it, by their numbers. */
export interface FoundText {
  readonly text: string;
  readonly matched: ReadonlySet<number>;
}

interface Node {
  readonly base: number;
  readonly positions: readonly number[];
  readonly parent: Node | undefined;
  readonly code: number;
}

const colon = 58;

/**
 * The best texts that `base` matches and `excluded` do not: for every such text there is one among them that avoids
 * and matches at least what is wanted. So whatever difference any text shows, one of these shows.
 *
 * A breadth-first walk over (place in base, places in the aims), in which a state yields to one that is at least as
 * good for every aim (antichains: De Wulf et al., CAV 2006), so that no product of patterns is built. `sketches` are
 * texts of `base` that are tried first, for they read better.
 * @throws BudgetError
 */
export function findTexts(
  base: Pattern,
  excluded: readonly Pattern[],
  aims: readonly Aim[],
  sketches: readonly string[],
  budget: Budget,
): readonly FoundText[] {
  if (excluded.some((pattern) => coversPattern(pattern, base))) return [];
  spend(budget, 1 + (aims.length >> 2));
  // What matches all of the base, or nothing of it, needs no search.
  const always = new Set(aims.flatMap(({ pattern }, index) => (coversPattern(pattern, base) ? [index] : [])));
  const open = aims.flatMap(({ pattern, wanted }, index) =>
    always.has(index) || areDisjoint(pattern, base) ? [] : [{ pattern, wanted, index }],
  );
  const barriers = excluded.filter((pattern) => !areDisjoint(pattern, base));
  for (const text of sketches) {
    spend(budget, 1 + open.length + ((text.length * base.tokens.length) >> 12));
    if (barriers.some((pattern) => acceptsText(pattern, text))) continue;
    const matched = open.filter(({ pattern }) => acceptsText(pattern, text));
    const isBest = open.every(
      (aim) => aim.wanted !== "either" && matched.includes(aim) === (aim.wanted === "matched"),
    );
    if (isBest) return [{ text, matched: new Set([...always, ...matched.map(({ index }) => index)]) }];
  }
  const order = { avoided: 0, either: 1, matched: 2 };
  const sought: readonly (Aim & { readonly index: number })[] = [
    ...barriers.map((pattern) => ({ pattern, wanted: "avoided" as const, index: -1 })),
    ...open.sort((one, other) => order[one.wanted] - order[other.wanted]),
  ];
  return walk(base, sought, barriers.length, budget).map(({ text, owners }) => ({
    text,
    matched: new Set([...always, ...owners.map((owner) => sought[owner]?.index ?? -1)]),
  }));
}

interface Accepted {
  readonly text: string;
  readonly owners: readonly number[];
}

function walk(base: Pattern, sought: readonly Aim[], barriers: number, budget: Budget): readonly Accepted[] {
  const line = buildAutomaton([base]);
  const automaton = buildAutomaton(sought.map(({ pattern }) => pattern));
  const wanted = sought.map((aim) => aim.wanted);
  const fresh = pickFresh(automaton);
  const found: (Accepted & { readonly ends: readonly number[] })[] = [];
  const seen = new Map<number, (readonly number[])[]>();
  const queue: Node[] = [];
  // True when nothing better can come.
  const accept = (node: Node): boolean => {
    const ends = node.positions.filter((position) => isEnd(automaton, position));
    const owners = ends.map((position) => automaton.owners[position] ?? 0);
    if (owners.some((owner) => owner < barriers)) return false;
    spend(budget, 1 + (found.length >> 3));
    if (found.some((rival) => isAtLeast(automaton, wanted, rival.ends, ends))) return false;
    found.push({ text: readText(node), owners, ends });
    return wanted.every(
      (want, owner) => want !== "either" && owners.includes(owner) === (want === "matched"),
    );
  };
  const push = (node: Node): boolean => {
    const rivals = seen.get(node.base) ?? [];
    spend(budget, 1 + ((rivals.length * node.positions.length) >> 4));
    if (rivals.some((rival) => isAtLeast(automaton, wanted, rival, node.positions))) return false;
    const kept = rivals.filter((rival) => !isAtLeast(automaton, wanted, node.positions, rival));
    seen.set(node.base, [...kept, node.positions]);
    if (isEnd(line, node.base)) return accept(node);
    queue.push(node);
    return isStar(line.tokens[node.base]) && push({ ...node, base: node.base + 1 });
  };
  if (push({ base: 0, positions: automaton.start, parent: undefined, code: -1 })) return found;
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at];
    if (node === undefined) break;
    const token = line.tokens[node.base];
    for (const code of listCodes(automaton, wanted, node.positions, token, base.ignoreCase, fresh)) {
      const next = isStar(token) ? node.base : node.base + 1;
      const positions = advance(automaton, node.positions, code);
      if (push({ base: next, positions, parent: node, code })) return found;
    }
  }
  return found;
}

/** The characters that lead to different places; of all others, one stands for all. */
function listCodes(
  automaton: Automaton,
  wanted: readonly Aim["wanted"][],
  positions: readonly number[],
  token: number | undefined,
  ignoreCase: boolean,
  fresh: number,
): readonly number[] {
  if (token === undefined) return [];
  if (token >= 0) return ignoreCase ? bothCases(token) : [token];
  const codes = new Set([fresh]);
  for (const position of positions) {
    const owner = automaton.owners[position] ?? 0;
    const aim = automaton.tokens[position] ?? -1;
    if (aim === anyInSegment || aim === oneInSegment) codes.add(colon);
    // Where a pattern is to be avoided, the fresh character does best.
    if (aim < 0 || wanted[owner] === "avoided") continue;
    for (const code of automaton.folds[owner] ? bothCases(aim) : [aim]) codes.add(code);
  }
  return [...codes].filter((code) => takes(token, code, false));
}

function bothCases(code: number): readonly number[] {
  const char = String.fromCharCode(code);
  const upper = char.toUpperCase();
  return upper.length === 1 && upper !== char && foldCode(upper.charCodeAt(0)) === foldCode(code)
    ? [code, upper.charCodeAt(0)]
    : [code];
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

/** Whether, whatever text follows, one state does at least as well as the other for every aim. */
function isAtLeast(
  { owners }: Automaton,
  wanted: readonly Aim["wanted"][],
  one: readonly number[],
  other: readonly number[],
): boolean {
  const stays = (positions: readonly number[], rest: readonly number[], refused: Aim["wanted"]): boolean =>
    positions.every((position) => wanted[owners[position] ?? 0] === refused || rest.includes(position));
  return stays(one, other, "matched") && stays(other, one, "avoided");
}

function readText(node: Node): string {
  const codes: number[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.parent)
    if (at.code >= 0) codes.push(at.code);
  return codes
    .reverse()
    .map((code) => String.fromCharCode(code))
    .join("");
}
