import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { decide } from "@drift-guard/policy/decide";
import fc from "fast-check";
import { isPossible, isWithin, readSide } from "./agreement.ts";
import { drawSide, drawSideChange, writeSide } from "./drawn-pairs.ts";
import { aim, drawShots } from "./drawn-requests.ts";
import { drawFocus, type Kind, kinds } from "./grammar.ts";

/** A side, another that is a change of it, a boundary that is a change of either, and requests. */
const bounded = fc.constantFrom<Kind[]>(kinds.identity, kinds.identity, kinds.variables).chain((kind) =>
  drawFocus(kind).chain((focused) =>
    fc
      .tuple(drawSide(focused), drawSideChange(focused), drawSideChange(focused), drawShots(focused))
      .map(([side, change, bind, shots]) => {
        const changed = change(side);
        const [candidate, reference, boundary] = [changed, side.slice(1), bind(changed)].map(writeSide);
        const written = { candidate: candidate ?? [], reference: reference ?? [], boundary: boundary ?? [] };
        const documents = readSide(Object.values(written).flat());
        return { ...written, requests: shots.map((shot) => aim(shot, documents)) };
      }),
  ),
);

describe("what a drawn boundary leaves of a grant", () => {
  it("is all, where no request lies outside, and nothing, where none lies within", () => {
    fc.assert(
      fc.property(bounded, ({ candidate, reference, boundary, requests }) => {
        const { excess, missing } = comparePolicies(candidate, reference, { boundary });
        const limit = readSide(boundary);
        for (const [grants, side] of [
          [excess, readSide(candidate)],
          [missing, readSide(reference)],
        ] as const) {
          const examples = grants.flatMap(({ example }) => example ?? []);
          const given = [...requests, ...examples]
            .filter(isPossible)
            .filter((request) => decide(request, side) === "allowed");
          for (const grant of grants) {
            const left = given
              .filter((request) => isWithin(grant, request))
              .map((request) => decide(request, limit) === "allowed");
            if (grant.remains === "all")
              assert.ok(!left.includes(false), `outside: ${JSON.stringify(grant)}`);
            if (grant.remains === "none") assert.ok(!left.includes(true), `within: ${JSON.stringify(grant)}`);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
