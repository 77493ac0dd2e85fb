import type { PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";
import { drawMutation } from "./drawn-mutations.ts";
import { aim, drawShots } from "./drawn-requests.ts";
import { type DrawnPolicy, drawFocus, drawPolicy, type Kind } from "./grammar.ts";

/** The documents of a side. */
export type DrawnSide = readonly DrawnPolicy[];

/** Two sides, one a change of the other, and requests that are aimed at what they name. */
export interface DrawnPair {
  readonly candidate: readonly string[];
  readonly reference: readonly string[];
  readonly requests: readonly PolicyRequest[];
}

/** Draws the documents of a side: mostly one. */
export function drawSide(kind: Kind): fc.Arbitrary<DrawnSide> {
  const policy = drawPolicy(kind);
  return fc.oneof(
    { weight: 8, arbitrary: fc.tuple(policy) },
    { weight: 3, arbitrary: fc.tuple(policy, policy) },
    { weight: 1, arbitrary: fc.array(policy, { maxLength: 3 }) },
  );
}

/** Draws a change of a side: of one of its documents; seldom one goes, or is there twice. */
export function drawSideChange(kind: Kind): fc.Arbitrary<(side: DrawnSide) => DrawnSide> {
  return fc
    .record({ at: fc.noShrink(fc.nat()), odds: fc.noShrink(fc.nat(24)), mutate: drawMutation(kind) })
    .map(({ at, odds, mutate }) => (side: DrawnSide) => {
      const index = at % Math.max(1, side.length);
      if (odds === 0) return side.filter((_, place) => place !== index);
      if (odds === 1) return [...side, ...side.slice(0, 1).map(mutate)];
      return side.map((policy, place) => (place === index ? mutate(policy) : policy));
    });
}

/** Writes the documents of a side; a statement that is alone stands in a list or by itself. */
export function writeSide(side: DrawnSide): readonly string[] {
  return side.map((policy) => {
    const [only, ...more] = policy.Statement;
    const isAlone = only !== undefined && more.length === 0 && "Condition" in only;
    return JSON.stringify(isAlone ? { ...policy, Statement: only } : policy);
  });
}

/** Draws a pair of sides of a kind with requests. */
export function drawPair(kind: Kind, most = 2): fc.Arbitrary<DrawnPair> {
  return drawFocus(kind).chain((focused) =>
    fc
      .record({
        side: drawSide(focused),
        changes: fc.array(drawSideChange(focused), { minLength: 1, maxLength: most }),
        shots: drawShots(focused),
      })
      .map(({ side, changes, shots }) => {
        const [candidate, reference] = [changes.reduce((current, change) => change(current), side), side].map(
          writeSide,
        );
        const written = { candidate: candidate ?? [], reference: reference ?? [] };
        const documents = [...written.candidate, ...written.reference].map(parsePolicy);
        return { ...written, requests: shots.map((shot) => aim(shot, documents)) };
      }),
  );
}
