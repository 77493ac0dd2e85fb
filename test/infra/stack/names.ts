import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { locateDeployment } from "@drift-guard/core/config/deployment";
import { lambdas } from "@drift-guard/infra/bundles";
import { synthesise } from "@drift-guard/infra/synth/synth";
import type { Resource } from "@drift-guard/infra/synth/synthesis";
import { account, home, stackOf } from "../stacks.ts";

const everything = await stackOf("everything");
const elsewhere = await stackOf("elsewhere");
const unnamed = new Set([
  "aws:dynamodb/resourcePolicy:ResourcePolicy",
  "aws:lambda/eventSourceMapping:EventSourceMapping",
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
  // SST names the code of a function by its content.
  "aws:s3/bucketObjectv2:BucketObjectv2",
  "aws:sns/topicPolicy:TopicPolicy",
  "aws:sns/topicSubscription:TopicSubscription",
  "aws:sqs/queuePolicy:QueuePolicy",
]);
const isNamed = ({ type }: Resource) => type.startsWith("aws:") && !unnamed.has(type);
const nameOf = ({ inputs }: Resource) => String(inputs.name ?? inputs.alarmName ?? inputs.targetId);

describe("every name of the stack", () => {
  it("is app, stage and purpose, and the region of a resource outside the guard's", () => {
    for (const [stack, region] of [
      [everything, home],
      [elsewhere, "eu-central-1"],
    ] as const) {
      for (const resource of stack.resources.filter(isNamed)) {
        const name = nameOf(resource).replace(/^\/aws\/lambda\//, "");
        assert.match(name, /^drift-guard-ci-[a-z0-9-]+$/, resource.name);
        assert.equal(name.endsWith(`-${resource.region}`), resource.region !== region, resource.name);
      }
    }
  });

  it("belongs to one resource of its type and region", () => {
    const names = everything.resources
      .filter(isNamed)
      .map((resource) => `${resource.type} ${resource.region} ${nameOf(resource)}`);
    assert.deepEqual(names, [...new Set(names)]);
  });

  it("is the one that the command line computes from stage, region and account", () => {
    const deployment = locateDeployment({ stage: "ci", region: home, account, partition: "aws" });
    assert.equal(deployment.findings, everything.get("FindingsTable").outputs.name);
    assert.equal(deployment.control, everything.get("ControlTable").outputs.name);
    assert.equal(deployment.changes, everything.get("ChangesQueue").outputs.name);
    for (const [name, file] of Object.entries(lambdas)) {
      assert.equal(deployment.arnOfFunction(file), everything.get(`${name}Function`).outputs.arn);
      assert.equal(deployment.arnOfFunctionRole(file), everything.get(`${name}Role`).outputs.arn);
    }
  });

  it("is refused where it would be too long, with the number of characters to leave out", async () => {
    const stage = "a-stage-with-far-too-many-characters";
    await assert.rejects(synthesise({ stage, config: "test/infra/configs/everything.ts" }), {
      name: "SynthesisError",
      message: /The rule drift-guard-\S+-eu-west-1 would have .*Shorten the stage \S+ by \d+ characters/s,
    });
  });
});

describe("an update", () => {
  it("is refused where it would replace a table or a queue, with what they hold", () => {
    for (const { type, name, options } of everything.resources.filter(isNamed)) {
      const holds = /Table$|Queue$/.test(type);
      assert.equal(options.protect, holds, name);
    }
  });

  it("deletes any other named resource before its replacement takes the name", () => {
    for (const { name, options } of everything.resources.filter(isNamed))
      assert.equal(options.deleteBeforeReplace, !options.protect, name);
  });
});
