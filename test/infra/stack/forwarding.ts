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
      .filter(({ inputs }) => inputs.roleArn !== undefined)
      .map(({ region, inputs }) => ({ region, rule: inputs.rule, arn: inputs.arn }));

  it("is absent where everything happens in the guard's own region", () => {
    assert.deepEqual(targets(plain), []);
    assert.equal(plain.has("Forwarder"), false);
    assert.deepEqual([...new Set(plain.resources.map(({ region }) => region))], [home]);
  });

  it("brings Batch's calls of another region to the guard's default bus", () => {
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

  it("brings IAM's calls from the one region that tells them, beside Batch's", () => {
    const arn = `arn:aws:events:eu-central-1:${account}:event-bus/default`;
    assert.deepEqual(targets(elsewhere), [
      { region: home, rule: elsewhere.get("IamRuleInUsEast1").outputs.name, arn },
      { region: home, rule: elsewhere.get("BatchRuleInUsEast1").outputs.name, arn },
      { region: home, rule: elsewhere.get("FailedJobsRuleInUsEast1").outputs.name, arn },
      { region: home, rule: elsewhere.get("BlockedQueuesRuleInUsEast1").outputs.name, arn },
    ]);
  });

  it("matches what the guard's own rules match", () => {
    for (const service of ["Iam", "Batch", "FailedJobs", "BlockedQueues"]) {
      assert.equal(
        elsewhere.get(`${service}RuleInUsEast1`).inputs.eventPattern,
        elsewhere.get(`${service}Rule`).inputs.eventPattern,
      );
    }
  });

  it("never goes to a bus of its own region", () => {
    for (const { region, arn } of [...targets(everything), ...targets(elsewhere)]) {
      assert.ok(typeof arn === "string");
      assert.notEqual(arn.split(":")[3], region);
    }
  });

  it("has a role that EventBridge alone may assume, to put events on that bus and nothing else", () => {
    const role = everything.get("Forwarder");
    assert.deepEqual(
      statementsOf(role.inputs.assumeRolePolicy).map(({ Principal, Action }) => ({ Principal, Action })),
      [{ Principal: { Service: ["events.amazonaws.com"] }, Action: ["sts:AssumeRole"] }],
    );
    assert.deepEqual(permissionsOf(role), [
      {
        Effect: "Allow",
        Action: ["events:PutEvents"],
        Resource: [`arn:aws:events:us-east-1:${account}:event-bus/default`],
      },
    ]);
  });

  it("keeps what it cannot deliver in the region that it happened in, and tells people there", () => {
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
