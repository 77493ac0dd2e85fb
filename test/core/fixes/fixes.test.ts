import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addFixes, type FixQuestion, planFixes } from "@drift-guard/core/fixes/fixes";
import type { Fix } from "@drift-guard/core/model/fix";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import { allowing, denying, execution, fixAll, fixesOf, policy, putInline } from "./drifts.ts";

describe("the fix of a drift", () => {
  it("warns before it removes what job definitions may need, if AWS Batch was not read", async () => {
    const world = await aFixWorld(referenceOf(execution));
    const group = `arn:aws:logs:us-east-1:${account}:log-group:/my/group:*`;
    world.call(putInline(execution, "logs", allow("logs:CreateLogGroup", group)));
    world.call(putInline(execution, "rogue", allow("iam:*")));
    const question = await world.read();
    const warnings = (some: FixQuestion) =>
      [...fixesOf(some).values()].map((fix) => fix?.kind === "steps" && fix.warning !== undefined);
    assert.deepEqual(warnings(question), [false, false]);
    assert.deepEqual(warnings({ ...question, usesUnknown: true }), [true, false]);
  });

  it("that needs a warning comes last in a plan, in a group of its own", async () => {
    const name = "AWSBatchServiceRole";
    const world = await aFixWorld(referenceOf(name));
    world.call(putInline(name, "a", policy(denying("ec2:*"))));
    world.call(putInline(name, "b", policy(allowing("iam:*"))));
    const { groups } = planFixes(await world.read());
    assert.deepEqual(
      groups.map(({ steps, warning }) => [steps.length, warning === undefined]),
      [
        [1, true],
        [1, false],
      ],
    );
    await fixAll(world);
  });

  it("warns before it restores what strangers in the trust policy would get, also after that is repaired", async () => {
    const name = "AWSBatchServiceRole";
    const world = await aFixWorld(referenceOf(name));
    const open = JSON.parse(trustOf("batch.amazonaws.com"));
    open.Statement.push({ ...open.Statement[0], Principal: { AWS: "arn:aws:iam::999988887777:root" } });
    const policyDocument = JSON.stringify(open);
    world.call({ call: "DetachRolePolicy", roleName: name, policyArn: batchServicePolicy });
    world.call({ call: "UpdateAssumeRolePolicy", roleName: name, policyDocument });
    world.call(putInline(name, "rogue", policy(allowing("s3:*"))));
    const question = await world.read();
    const warningOf = (fix: Fix | undefined) => (fix?.kind === "steps" ? fix.warning : undefined);
    const fixes = fixesOf(question);
    const warned = /lets in would get what these steps restore. Repair it first/;
    assert.match(warningOf(fixes.get(`managed:${batchServicePolicy} missing`)) ?? "", warned);
    assert.equal(warningOf(fixes.get("trust excess")), undefined);
    assert.equal(warningOf(fixes.get("inline:rogue excess")), undefined);
    const { groups } = planFixes({ ...question, assessments: addFixes(question) });
    assert.deepEqual(
      groups.map(({ steps, warning }) => [steps.map(({ call }) => call), warning === undefined]),
      [
        [["iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy"], true],
        [["iam:AttachRolePolicy"], false],
      ],
    );
  });

  it("repairs the trust policy first, then removes, then restores", async () => {
    const name = "AWSBatchServiceRole";
    const world = await aFixWorld(referenceOf(name));
    world.call({ call: "DetachRolePolicy", roleName: name, policyArn: batchServicePolicy });
    world.call(putInline(name, "rogue", policy(allowing("s3:*"))));
    const policyDocument = trustOf("lambda.amazonaws.com");
    world.call({ call: "UpdateAssumeRolePolicy", roleName: name, policyDocument });
    assert.deepEqual(await fixAll(world), [
      "iam:UpdateAssumeRolePolicy",
      "iam:DeleteRolePolicy",
      "iam:AttachRolePolicy",
    ]);
  });
});
