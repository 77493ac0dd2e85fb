import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { account, home, permissionsOf, type SynthesisedStack, stackOf, statementsOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");
const elsewhere = await stackOf("elsewhere");

describe("forwarding", () => {
  const targets = (stack: SynthesisedStack) =>
    stack
      .all("aws:cloudwatch/eventTarget:EventTarget")
      .filter(({ inputs }) => inputs.roleArn !== undefined && String(inputs.arn).includes(":event-bus/"))
      .map(({ region, inputs }) => ({ region, rule: inputs.rule, arn: inputs.arn }));

  it("does not exist where IAM and Batch are in the guard's own region", () => {
    assert.deepEqual(targets(plain), []);
    assert.equal(plain.has("Forwarder"), false);
    assert.deepEqual([...new Set(plain.resources.map(({ region }) => region))], [home]);
  });

  it("sends Batch's events of another region to the default bus of the guard's region", () => {
    const arn = `arn:aws:events:us-east-1:${account}:event-bus/default`;
    assert.deepEqual(
      targets(everything),
      ["Batch", "FailedJobs", "BlockedQueues"].map((name) => ({
        region: "eu-west-1",
        rule: everything.get(`${name}RuleInEuWest1`).outputs.name,
        arn,
      })),
    );
  });

  it("sends IAM's events from the one region that they arrive in, and Batch's", () => {
    const arn = `arn:aws:events:eu-central-1:${account}:event-bus/default`;
    assert.deepEqual(targets(elsewhere), [
      { region: home, rule: elsewhere.get("IamRuleInUsEast1").outputs.name, arn },
      { region: home, rule: elsewhere.get("BatchRuleInUsEast1").outputs.name, arn },
      { region: home, rule: elsewhere.get("FailedJobsRuleInUsEast1").outputs.name, arn },
      { region: home, rule: elsewhere.get("BlockedQueuesRuleInUsEast1").outputs.name, arn },
    ]);
  });

  it("matches the same events as the rules in the guard's region", () => {
    for (const service of ["Iam", "Batch", "FailedJobs", "BlockedQueues"]) {
      assert.equal(
        elsewhere.get(`${service}RuleInUsEast1`).inputs.eventPattern,
        elsewhere.get(`${service}Rule`).inputs.eventPattern,
      );
    }
  });

  it("never targets a bus of its own region", () => {
    for (const { region, arn } of [...targets(everything), ...targets(elsewhere)]) {
      assert.ok(typeof arn === "string");
      assert.notEqual(arn.split(":")[3], region);
    }
  });

  it("has a role that only EventBridge can assume, and that only allows putting events on that bus", () => {
    const role = everything.get("Forwarder");
    assert.deepEqual(
      statementsOf(role.inputs.assumeRolePolicy).map(({ Principal, Action }) => ({ Principal, Action })),
      [{ Principal: { Service: ["events.amazonaws.com"] }, Action: ["sts:AssumeRole"] }],
    );
    assert.deepEqual(permissionsOf(everything, "Forwarder"), [
      {
        Effect: "Allow",
        Action: ["events:PutEvents"],
        Resource: [`arn:aws:events:us-east-1:${account}:event-bus/default`],
      },
    ]);
  });

  it("keeps undeliverable events in a queue of their own region, with an alarm and a topic there", () => {
    const alarm = everything.get("ForwardMissedInEuWest1Alarm");
    const topic = everything.get("AlertsInEuWest1Topic");
    assert.equal(alarm.region, "eu-west-1");
    assert.deepEqual(alarm.inputs.alarmActions, [topic.outputs.arn]);
    assert.deepEqual(
      everything
        .all("aws:sns/topicSubscription:TopicSubscription")
        .filter(({ inputs }) => inputs.topic === topic.outputs.arn)
        .map(({ region, inputs }) => [region, inputs.endpoint]),
      [
        ["eu-west-1", "owner@example.com"],
        ["eu-west-1", "oncall@example.com"],
      ],
    );
  });
});
