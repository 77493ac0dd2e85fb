import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { configureLocally } from "@drift-guard/local/local";

describe("The configuration of the local account", () => {
  const owner = defineConfig({
    roles: {
      AWSBatchServiceRole: {},
      ecsTaskExecutionRole: { rollback: { excess: "off", missing: "approve" } },
      "batch-job-*": { reference: "ecsTaskExecutionRole" },
    },
  });
  const modesOf = (rollback: boolean) =>
    Object.entries(configureLocally(owner, { rollback }).roles).map(
      ([name, { rollback: mode }]) => `${name} ${mode?.excess} ${mode?.missing}`,
    );

  it("rolls back every role that it names, in the owner's modes where they are not off, or none, and never the roles of a pattern", () => {
    assert.deepEqual(modesOf(true), [
      "AWSBatchServiceRole automatic automatic",
      "ecsTaskExecutionRole automatic approve",
      "batch-job-* off off",
    ]);
    assert.deepEqual(modesOf(false), [
      "AWSBatchServiceRole off off",
      "ecsTaskExecutionRole off off",
      "batch-job-* off off",
    ]);
  });
});
