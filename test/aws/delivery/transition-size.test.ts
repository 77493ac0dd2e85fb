import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonBytes, shortenTransition } from "@drift-guard/aws/delivery/transition-size";
import { Transition } from "@drift-guard/core/model/transition";
import fc from "fast-check";
import {
  aDrift,
  aFinding,
  aGrant,
  anAttempt,
  anUndecided,
  aTransition,
  aVendorChange,
  everyEvidence,
} from "../../builders.ts";

describe("shortenTransition", () => {
  it("returns a transition that fits unchanged", () => {
    for (const evidence of everyEvidence()) {
      const transition = aTransition({ finding: aFinding({ evidence }) });
      assert.equal(shortenTransition(transition, jsonBytes(transition)), transition);
    }
  });

  it("shortens a transition that does not fit by halving its evidence until it fits", () => {
    const grants = Array.from({ length: 4000 }, (_, index) => aGrant({ actions: [`s3:Do${index}`] }));
    const transition = aTransition({ finding: aFinding({ evidence: aDrift({ grants }) }), note: "Why." });
    const slim = shortenTransition(transition, 100_000);
    assert.ok(jsonBytes(slim) <= 100_000);
    assert.deepEqual(Transition.parse(JSON.parse(JSON.stringify(slim))), slim);
    assert.equal(slim.id, transition.id);
    assert.ok(slim.finding.evidence.kind === "drift");
    const kept = slim.finding.evidence.grants;
    assert.deepEqual(kept, grants.slice(0, kept.length));
    assert.ok(kept.length > 0);
    assert.equal(
      slim.note,
      `Why. Too large to be told whole: ${4000 - kept.length} of 4000 entries of its evidence are left out here. The stored finding has them all.`,
    );
  });

  it("shortens every kind of evidence, with lists of any length", () => {
    const many = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(many, many, fc.integer({ min: 4_000, max: 30_000 }), (first, second, bytes) => {
        const grants = (count: number) => Array.from({ length: count }, () => aGrant());
        const texts = (count: number) => Array.from({ length: count }, () => "x".repeat(100));
        for (const evidence of [
          aDrift({ grants: grants(first), denies: grants(second) }),
          aVendorChange({ added: grants(first), removed: grants(second) }),
          anUndecided({ reasons: texts(first) }),
          anAttempt({ earlier: texts(second) }),
        ]) {
          const slim = shortenTransition(aTransition({ finding: aFinding({ evidence }) }), bytes);
          assert.ok(jsonBytes(slim) <= bytes);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("leaves out a single entry that does not fit, and says so in the note", () => {
    const huge = aGrant({ resources: Array.from({ length: 9000 }, (_, index) => `arn:aws:s3:::${index}`) });
    const slim = shortenTransition(
      aTransition({ finding: aFinding({ evidence: aDrift({ grants: [huge] }) }) }),
      50_000,
    );
    assert.ok(slim.finding.evidence.kind === "drift" && slim.finding.evidence.grants.length === 0);
    assert.match(slim.note ?? "", /1 of 1 entries/);
  });
});
