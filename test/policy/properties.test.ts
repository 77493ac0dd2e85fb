import { describe, it } from "node:test";
import fc from "fast-check";
import { assertAgreement } from "./agreement.ts";
import { drawPair } from "./drawn-pairs.ts";
import { type PolicyKind, policyKinds } from "./grammar.ts";

const drawn: readonly { readonly name: string; readonly kind: PolicyKind; readonly runs: number }[] = [
  { name: "identity policies", kind: policyKinds.identity, runs: 2_500 },
  { name: "trust policies", kind: policyKinds.trust, runs: 1_800 },
  { name: "identity policies with policy variables", kind: policyKinds.variables, runs: 1_000 },
  { name: "resource policies", kind: policyKinds.resource, runs: 500 },
  { name: "trust policies of another partition with policy variables", kind: policyKinds.china, runs: 500 },
];

describe("a comparison agrees with decide", () => {
  for (const { name, kind, runs } of drawn) {
    it(`for random ${name}, where the candidate is a changed copy of the reference`, () => {
      const agreement = fc.property(drawPair(kind), ({ candidate, reference, requests }) => {
        assertAgreement(candidate, reference, requests, kind);
      });
      fc.assert(agreement, { numRuns: runs });
    });
  }
});
