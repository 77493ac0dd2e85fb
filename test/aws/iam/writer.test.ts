import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import { partOf } from "@drift-guard/core/model/part";
import { refusal } from "../responder.ts";
import { withIam } from "./answers.ts";

describe("A role writer", () => {
  it("distinguishes a refusal from an answer that leaves the outcome unknown", async () => {
    const step = {
      role: "Batch",
      part: partOf("inline:x"),
      call: "iam:DeleteRolePolicy",
      policyName: "x",
    } as const;
    for (const [answer, name] of [
      [refusal("AccessDenied", "User: guard is not authorized", 403), "StepRefusedError"],
      [refusal("Throttling", "Rate exceeded"), "StepRefusedError"],
      [refusal("ServiceFailure", "It broke.", 500), "StepUnansweredError"],
      [{ status: 200, body: "<html>" }, "StepUnansweredError"],
    ] as const) {
      await withIam({ DeleteRolePolicy: [answer] }, async (client) => {
        const writer = createRoleWriter(client);
        await assert.rejects(writer.apply(step, { rollbackId: "rollback-1", step: 0 }), {
          name,
          message: /iam:DeleteRolePolicy on the role Batch/,
        });
      });
    }
  });
});
