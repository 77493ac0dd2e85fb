import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeSilence } from "@drift-guard/core/config/silence";

describe("the warning that nobody hears", () => {
  it("says what to do where no address is configured", () => {
    const warning = describeSilence({ emails: [] }, "drift-guard-production-alerts") ?? assert.fail();
    assert.match(warning, /^WARNING: nobody will hear/);
    assert.match(warning, /emails: \["team@example\.com"\].*confirm.*topic drift-guard-production-alerts/);
  });

  it("is absent where there is an address", () => {
    assert.equal(describeSilence({ emails: ["a@example.com"] }, "alerts"), undefined);
  });
});
