import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addFixes } from "@drift-guard/core/fixes/fixes";
import type { Drift } from "@drift-guard/core/model/evidence";
import { managedPart } from "@drift-guard/core/model/part";
import type { Reference } from "@drift-guard/core/reference/reference";
import { account, allow } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import { callsOf, execution, fixAll, fixesOf, keys } from "./drifts.ts";

describe("the fix of a drift at a managed policy", () => {
  it("attaches no policy of a service-linked role to another role", async () => {
    const serviceRole = referenceOf("AWSBatchServiceRole");
    const linked = referenceOf("AWSServiceRoleForBatch");
    const impossible: Reference = {
      ...serviceRole,
      attachments: [...serviceRole.attachments, ...linked.attachments],
    };
    const world = await aFixWorld(serviceRole);
    const read = await world.read();
    const question = { ...read, watched: { ...read.watched, reference: impossible } };
    const [attachment] = linked.attachments;
    const drift: Drift = {
      kind: "drift",
      part: managedPart(attachment?.arn ?? ""),
      side: "missing",
      grants: [],
      denies: [],
    };
    const [fixed] = addFixes({ ...question, assessments: [drift] });
    assert.ok(fixed?.kind === "drift" && fixed.fix?.kind === "manual");
    assert.match(fixed.fix.why, /to a service-linked role only/);
  });

  it("attaches the replacement before it detaches a retired policy (2.2)", async () => {
    const reference = referenceOf("AmazonEC2SpotFleetTaggingRole");
    const world = await aFixWorld(reference);
    const [required] = reference.attachments;
    const [retired] = reference.retired;
    assert.ok(required && retired);
    world.iam.publishAwsPolicy({ arn: retired.arn, version: "v1", text: allow("ec2:RunInstances") });
    const on = { roleName: reference.role };
    world.call({ ...on, call: "DetachRolePolicy", policyArn: required.arn });
    world.call({ ...on, call: "AttachRolePolicy", policyArn: retired.arn });
    const fix = fixesOf(await world.read()).get(`managed:${retired.arn} excess`);
    assert.deepEqual(callsOf(fix), ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]);
    await fixAll(world);
  });

  it("makes room by detaching another policy before it attaches a required one", async () => {
    const world = await aFixWorld(referenceOf(execution));
    const [required] = referenceOf(execution).attachments;
    world.call({ call: "DetachRolePolicy", roleName: execution, policyArn: required?.arn ?? "" });
    for (let index = 0; index < 10; index += 1) {
      world.call({ call: "CreatePolicy", policyName: `P${index}`, policyDocument: allow("iam:*") });
      const policyArn = `arn:aws:iam::${account}:policy/P${index}`;
      world.call({ call: "AttachRolePolicy", roleName: execution, policyArn });
    }
    const alone = fixesOf(await world.read()).get(`managed:${required?.arn} missing`);
    assert.ok(alone?.kind === "manual");
    assert.match(alone.why, /attaches 10 managed policies to a role, and the role would have 11/);
    await fixAll(world);
    assert.deepEqual(keys((await world.read()).assessments), []);
  });
});
