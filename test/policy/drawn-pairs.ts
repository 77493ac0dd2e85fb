import type { PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";
import { drawMutation } from "./drawn-mutations.ts";
import { aimRequest, drawRequestDrafts } from "./drawn-requests.ts";
import { type DrawnPolicy, drawFocus, drawPolicy, type PolicyKind } from "./grammar.ts";

/** The documents of a side. */
export type DrawnSide = readonly DrawnPolicy[];

/** Two sides, the candidate a change of the reference, as texts; and requests close to what they name. */
export interface DrawnPair {
  readonly candidate: readonly string[];
  readonly reference: readonly string[];
  readonly requests: readonly PolicyRequest[];
}

/** Draws the documents of a side, mostly one. */
export function drawSide(kind: PolicyKind): fc.Arbitrary<DrawnSide> {
  const policy = drawPolicy(kind);
  return fc.oneof(
    { weight: 8, arbitrary: fc.tuple(policy) },
    { weight: 3, arbitrary: fc.tuple(policy, policy) },
    { weight: 1, arbitrary: fc.array(policy, { maxLength: 3 }) },
  );
}

/** Draws a change of a side: mostly of one document; seldom removes one, or adds a changed copy of the first. */
export function drawSideChange(kind: PolicyKind): fc.Arbitrary<(side: DrawnSide) => DrawnSide> {
  return fc
    .record({ at: fc.noShrink(fc.nat()), odds: fc.noShrink(fc.nat(24)), mutate: drawMutation(kind) })
    .map(({ at, odds, mutate }) => (side: DrawnSide) => {
      const index = at % Math.max(1, side.length);
      if (odds === 0) return side.filter((_, place) => place !== index);
      if (odds === 1) return [...side, ...side.slice(0, 1).map(mutate)];
      return side.map((policy, place) => (place === index ? mutate(policy) : policy));
    });
}

/** Returns the texts of a side. The only statement of a document is written without a list if it has conditions. */
export function writeSide(side: DrawnSide): readonly string[] {
  return side.map((policy) => {
    const [only, ...more] = policy.Statement;
    const isAlone = only !== undefined && more.length === 0 && "Condition" in only;
    return JSON.stringify(isAlone ? { ...policy, Statement: only } : policy);
  });
}

/** Draws a pair of sides of a kind of policy, one to `most` changes apart, with requests. */
export function drawPair(kind: PolicyKind, most = 2): fc.Arbitrary<DrawnPair> {
  // Making what draws a pair takes as long as drawing it, and there are few families of keys.
  const known = new Map<string, fc.Arbitrary<DrawnPair>>();
  return drawFocus(kind).chain((focused) => {
    const key = focused.families.map(({ name }) => name).join();
    const pair = known.get(key) ?? drawFocusedPair(focused, most);
    known.set(key, pair);
    return pair;
  });
}

function drawFocusedPair(focused: PolicyKind, most: number): fc.Arbitrary<DrawnPair> {
  return fc
    .record({
      side: drawSide(focused),
      changes: fc.array(drawSideChange(focused), { minLength: 1, maxLength: most }),
      drafts: drawRequestDrafts(focused),
    })
    .map(({ side, changes, drafts }) => {
      const [candidate, reference] = [changes.reduce((current, change) => change(current), side), side].map(
        writeSide,
      );
      const written = { candidate: candidate ?? [], reference: reference ?? [] };
      const documents = [...written.candidate, ...written.reference].map(parsePolicy);
      return { ...written, requests: drafts.map((draft) => aimRequest(draft, documents)) };
    });
}
