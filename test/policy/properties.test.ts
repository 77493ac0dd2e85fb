import { describe, it } from "node:test";
import fc from "fast-check";
import { assertAgreement } from "./agreement.ts";
import { drawMutation, drawPolicy, drawRequest, type Kind } from "./grammar.ts";

const kinds: readonly (Kind & { readonly name: string; readonly runs: number })[] = [
  { name: "identity policies", trust: false, variables: false, runs: 14_000 },
  { name: "trust policies", trust: true, variables: false, runs: 9_000 },
  { name: "identity policies with policy variables", trust: false, variables: true, runs: 3_000 },
];

describe("a comparison agrees with decide", () => {
  for (const kind of kinds) {
    it(`on ${kind.name}, one a change of the other`, () => {
      const pair = fc.tuple(drawPolicy(kind), fc.array(drawMutation(kind), { minLength: 1, maxLength: 2 }));
      fc.assert(
        fc.property(
          pair,
          fc.array(drawRequest(kind), { minLength: 4, maxLength: 12 }),
          ([policy, changes], requests) => {
            const changed = changes.reduce((current, change) => change(current), policy);
            assertAgreement(JSON.stringify(changed), JSON.stringify(policy), requests);
          },
        ),
        { numRuns: kind.runs },
      );
    });
  }
});
