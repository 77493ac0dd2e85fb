import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { limitEvidence } from "@drift-guard/core/model/evidence-limit";
import { digestEvidence } from "@drift-guard/core/model/identity";
import fc from "fast-check";
import { aDrift, anUndecided } from "../../builders.ts";

const grant = fc.record({
  actions: fc.array(fc.constantFrom("s3:GetObject", "iam:PassRole"), { minLength: 1, maxLength: 3 }),
  resources: fc.array(fc.string({ minLength: 500, maxLength: 2000 }), { minLength: 1, maxLength: 4 }),
  conditions: fc.constant([]),
  statements: fc.constant([]),
});
const grants = fc.array(grant, { maxLength: 60 });
const evidence: fc.Arbitrary<Evidence> = fc.oneof(
  fc
    .record({ grants, denies: grants, detail: fc.string({ maxLength: 30_000 }) })
    .map((over) => aDrift({ part: "permissions", side: "missing", ...over })),
  fc
    .array(fc.string({ maxLength: 30_000 }), { maxLength: 20 })
    .map((reasons) => anUndecided({ part: "trust", reasons })),
);

describe("evidence that is limited", () => {
  it("fits an item, keeps its identity, and is not limited again", () => {
    fc.assert(
      fc.property(evidence, (whole) => {
        const limited = limitEvidence(whole);
        assert.ok(Buffer.byteLength(JSON.stringify(limited)) < 250_000);
        assert.equal(digestEvidence(limited), digestEvidence(whole));
        assert.deepEqual(limitEvidence(limited), limited);
      }),
      { numRuns: 50 },
    );
  });

  it("is unchanged if it fits", () => {
    const small = aDrift({ part: "permissions", side: "missing", detail: "It lacks something." });
    assert.equal(limitEvidence(small), small);
  });

  it("says how many grants are not recorded, and keeps the first", () => {
    const many = Array.from({ length: 300 }, (_, index) => ({
      actions: [`s3:Get${index}`],
      resources: ["x".repeat(1000)],
      conditions: [],
      statements: [],
    }));
    const limited = limitEvidence(aDrift({ part: "permissions", side: "missing", grants: many }));
    assert.ok(limited.kind === "drift" && limited.omitted);
    assert.equal(limited.grants.length + limited.omitted.entries, 300);
    assert.deepEqual(limited.grants[0], many[0]);
    assert.match(limited.detail ?? "", new RegExp(`${limited.omitted.entries} more grants are not recorded`));
  });

  it("offers no policy that is longer than IAM takes", () => {
    const limited = limitEvidence(
      aDrift({ part: "permissions", side: "missing", detail: "It lacks much.", cure: "x".repeat(10_241) }),
    );
    assert.ok(limited.kind === "drift");
    assert.equal(limited.cure, undefined);
    assert.match(limited.detail ?? "", /longer than IAM takes/);
  });
});
