import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { decide } from "@drift-guard/policy/decide";
import fc from "fast-check";
import { isPossible, isWithin, readSide } from "./agreement.ts";
import { drawSide, drawSideChange, writeSide } from "./drawn-pairs.ts";
import { aimRequest, drawRequestDrafts } from "./drawn-requests.ts";
import { drawFocus, type PolicyKind, policyKinds } from "./grammar.ts";

/** A side, a change of it, a boundary that is a change of one of them, and requests. */
const comparisonWithBoundary = fc
  .constantFrom<PolicyKind[]>(policyKinds.identity, policyKinds.identity, policyKinds.variables)
  .chain((kind) =>
    drawFocus(kind).chain((focused) =>
      fc
        .tuple(
          drawSide(focused),
          drawSideChange(focused),
          drawSideChange(focused),
          drawRequestDrafts(focused),
        )
        .map(([side, change, changeToBoundary, drafts]) => {
          const changed = change(side);
          const [candidate, reference, boundary] = [changed, side.slice(1), changeToBoundary(changed)].map(
            writeSide,
          );
          const written = {
            candidate: candidate ?? [],
            reference: reference ?? [],
            boundary: boundary ?? [],
          };
          const documents = readSide(Object.values(written).flat());
          return { ...written, requests: drafts.map((draft) => aimRequest(draft, documents)) };
        }),
    ),
  );

describe("the boundary remains of a drawn grant", () => {
  it("are 'all' only if no request of it is outside the boundary, and 'none' only if none is inside", () => {
    fc.assert(
      fc.property(comparisonWithBoundary, ({ candidate, reference, boundary, requests }) => {
        const { excess, missing } = comparePolicies(candidate, reference, { boundary });
        const limit = readSide(boundary);
        for (const [grants, side] of [
          [excess, readSide(candidate)],
          [missing, readSide(reference)],
        ] as const) {
          const examples = grants.flatMap(({ example }) => example ?? []);
          const allowed = [...requests, ...examples]
            .filter(isPossible)
            .filter((request) => decide(request, side) === "allowed");
          for (const grant of grants) {
            const isInside = allowed
              .filter((request) => isWithin(grant, request))
              .map((request) => decide(request, limit) === "allowed");
            if (grant.remains === "all")
              assert.ok(!isInside.includes(false), `outside: ${JSON.stringify(grant)}`);
            if (grant.remains === "none")
              assert.ok(!isInside.includes(true), `inside: ${JSON.stringify(grant)}`);
          }
        }
      }),
      { numRuns: 600 },
    );
  });
});
