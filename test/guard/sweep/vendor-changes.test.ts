import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allow, batchServicePolicy } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { observing } from "../inspect/batch-world.ts";
import { aWorld } from "../world.ts";

const [attachment] = referenceOf("AWSBatchServiceRole").attachments;
const printed = attachment?.document ?? "";
const withoutLaunch = JSON.stringify({
  ...JSON.parse(printed),
  Statement: JSON.parse(printed).Statement.map(
    (statement: { readonly Action: string | readonly string[] }) => ({
      ...statement,
      Action: [statement.Action].flat().filter((action) => action !== "ec2:RunInstances"),
    }),
  ),
});
const publish = (version: string, text: string) => ({ arn: batchServicePolicy, version, text });
const service = "AWSBatchServiceRole";

describe("A version by AWS without what AWS Batch needs (T17)", () => {
  it("is one finding in the next sweep, worse than information, which no rollback answers", async () => {
    const world = aWorld();
    world.publishAwsPolicy(publish("v14", withoutLaunch));
    await world.sweep();
    await world.settle();
    await world.sweep();
    const [finding, ...others] = await world.findings();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [finding?.evidence.kind, finding?.severity, finding?.state],
      ["vendor-change", "HIGH", "open"],
    );
    assert.equal(world.announced.length, 1);
    assert.ok(world.rollbacks.every(({ status }) => status === "nothing-to-do"));
  });

  it("gets worse when the other policy that allowed it goes, and better when another one allows it", async () => {
    const world = aWorld({ config: observing });
    const put = {
      call: "PutRolePolicy",
      roleName: service,
      policyName: "launch",
      policyDocument: allow("ec2:RunInstances"),
    } as const;
    world.act(put);
    world.publishAwsPolicy(publish("v14", withoutLaunch));
    const severity = async () => {
      await world.settle();
      await world.sweep();
      const found = (await world.findings()).find(({ evidence }) => evidence.kind === "vendor-change");
      return found?.severity;
    };
    assert.equal(await severity(), "INFORMATIONAL");
    world.act({ call: "DeleteRolePolicy", roleName: service, policyName: "launch" });
    assert.equal(await severity(), "HIGH");
    assert.ok(
      world.announced.some(({ kind, finding }) => kind === "worsened" && finding.severity === "HIGH"),
    );
    world.act(put);
    assert.equal(await severity(), "INFORMATIONAL");
  });

  it("is resolved when AWS publishes what the reference has", async () => {
    const world = aWorld();
    world.publishAwsPolicy(publish("v14", withoutLaunch));
    await world.sweep();
    world.publishAwsPolicy(publish("v15", printed));
    await world.sweep();
    await world.settle();
    await world.sweep();
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["resolved"],
    );
  });
});
