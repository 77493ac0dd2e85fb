import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runHistories } from "./run.ts";

describe("The guard, in an account where anything may go wrong", () => {
  it("leaves each role as its reference says, or an open finding that says why it does not", async (context) => {
    const seed = Date.now() & 0x7fffffff;
    context.diagnostic(`seed ${seed}`);
    const tally = await runHistories(300, seed);
    for (const call of ["iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:UpdateAssumeRolePolicy"]) {
      assert.ok((tally.get(call) ?? 0) > 0, `${call} was never made`);
    }
  });
});
