import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EnsureOutput } from "drift-guard/output/ensure";
import { type Call, jsonFault, refusal } from "../aws/responder.ts";
import { account } from "../builders.ts";
import { identifyCaller, runLive } from "./live-account.ts";
import { readOutput } from "./outputs.ts";
import { unwrap } from "./process.ts";

const role = "AWSBatchServiceRole";

/** Answers as an account without roles in which nothing may be created. */
function answer({ action }: Call) {
  switch (action) {
    case "GetCallerIdentity":
      return identifyCaller({ action });
    case "GetRole":
      return refusal("NoSuchEntity", "no such role", 404);
    case "CreateRole":
      return refusal("AccessDenied", `User: arn:aws:iam::${account}:user/ada is not authorized`, 403);
    default:
      return jsonFault("AccessDeniedException", "no", 403);
  }
}

describe("a call that IAM denies to ensure", () => {
  const ensure = (...args: readonly string[]) => runLive(["ensure", role, ...args], answer);

  it("is printed with the statement to ask for, and no call follows it", async () => {
    const run = await ensure("--yes");
    assert.equal(run.code, 1, run.stderr);
    const text = unwrap(run.stdout);
    assert.match(
      text,
      /1\. iam:CreateRole: create AWSBatchServiceRole .*IAM refused iam:CreateRole on the role AWSBatchServiceRole/,
    );
    assert.match(
      text,
      /Ask for this statement .*"iam:CreateRole" \], "Resource": "arn:aws:iam::123456789012:role\/AWSBatchServiceRole"/,
    );
    assert.match(text, /2\. iam:AttachRolePolicy: attach .* Not tried\. .*Nothing was changed/);
    assert.equal(run.calls.includes("AttachRolePolicy"), false);
  });

  it("has the statement in the JSON document", async () => {
    const { changed, exitCode, roles } = readOutput(EnsureOutput, (await ensure("--yes", "--json")).stdout);
    const [outcome] = roles.flatMap(({ groups }) =>
      groups.flatMap(({ steps }) => steps.map((step) => step.outcome)),
    );
    assert.deepEqual([changed, exitCode, roles[0]?.stopped], [false, 1, "failed"]);
    assert.ok(outcome?.status === "refused");
    assert.deepEqual(outcome.statements, [
      { Effect: "Allow", Action: ["iam:CreateRole"], Resource: `arn:aws:iam::${account}:role/${role}` },
    ]);
  });
});
