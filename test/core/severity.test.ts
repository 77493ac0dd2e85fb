import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rateSeverity } from "@drift-guard/core/severity";
import { aDrift, aGrant, aKey, anAttempt, aVendorChange } from "../builders.ts";

describe("a severity", () => {
  it("is the owner's choice for a side of drift or a kind of evidence, else the guard's own", () => {
    const choice = { severities: { missing: "LOW", "vendor-change": "MEDIUM" } } as const;
    assert.equal(rateSeverity(aDrift(), aKey()), "HIGH");
    assert.equal(rateSeverity(aDrift(), aKey(), choice), "LOW");
    assert.equal(rateSeverity(aVendorChange(), aKey(), choice), "MEDIUM");
    assert.equal(rateSeverity(anAttempt(), aKey(), choice), "MEDIUM");
    const excess = aDrift({ side: "excess", grants: [aGrant({ actions: ["iam:*"] })] });
    assert.equal(rateSeverity(excess, aKey(), choice), "CRITICAL");
  });

  it("of a retired policy that gives nothing more is medium", () => {
    assert.equal(rateSeverity(aDrift({ side: "excess", grants: [] }), aKey()), "MEDIUM");
  });
});
