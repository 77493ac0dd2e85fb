import { describe, it } from "node:test";
import fc from "fast-check";
import { assertAgreement } from "./agreement.ts";
import { drawPair } from "./drawn-pairs.ts";
import { type Kind, kinds } from "./grammar.ts";

const drawn: readonly { readonly name: string; readonly kind: Kind; readonly runs: number }[] = [
  { name: "identity policies", kind: kinds.identity, runs: 6_500 },
  { name: "trust policies", kind: kinds.trust, runs: 5_000 },
  { name: "identity policies with policy variables", kind: kinds.variables, runs: 3_000 },
  { name: "policies of resources", kind: kinds.resource, runs: 1_500 },
  { name: "trust policies of another partition, with policy variables", kind: kinds.china, runs: 1_500 },
];

describe("a comparison agrees with decide", () => {
  for (const { name, kind, runs } of drawn) {
    it(`on ${name}, one side a change of the other`, () => {
      const agreement = fc.property(drawPair(kind), ({ candidate, reference, requests }) => {
        assertAgreement(candidate, reference, requests, kind);
      });
      fc.assert(agreement, { numRuns: runs });
    });
  }
});
