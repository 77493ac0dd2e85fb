import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { locateDeployment } from "@drift-guard/core/config/deployment";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import { account, home, stackOf } from "../stacks.ts";

const everything = await stackOf("everything");
const { respond } = locateDeployment({ stage: "ci", region: home, account, partition: "aws" });
const queues = everything.all("aws:sqs/queue:Queue");
const tables = everything.all("aws:dynamodb/table:Table");
const arnOf = (resource: (typeof queues)[number]) => String(resource.outputs.arn);

/** Whether one of the policies for people allows an action on a resource. */
function isAllowed(policy: "Operator" | "Viewer", action: string, resource: string): boolean {
  const document = parsePolicy(String(everything.get(policy).inputs.policy));
  return decide({ action, resource, context: {} }, [document]) === "allowed";
}

describe("the policies for people", () => {
  it("let operators invoke respond and no other function, and viewers none", () => {
    for (const lambda of everything.all("aws:lambda/function:Function"))
      assert.equal(
        isAllowed("Operator", "lambda:InvokeFunction", arnOf(lambda)),
        arnOf(lambda) === respond,
        lambda.name,
      );
    assert.equal(isAllowed("Operator", "lambda:InvokeFunction", respond), true);
    assert.equal(isAllowed("Viewer", "lambda:InvokeFunction", respond), false);
  });

  it("let both see by which configuration the guard was deployed", () => {
    for (const policy of ["Operator", "Viewer"] as const)
      assert.equal(isAllowed(policy, "lambda:GetFunctionConfiguration", respond), true, policy);
    const { description } = everything.get("ResponderFunction").inputs;
    assert.match(String(description), /\(version \d+\.\d+\.\d+, configuration [0-9a-f]{16}\)$/);
  });

  it("let operators ask for a test message and nothing else of the bus, and list who is subscribed", () => {
    const bus = String(everything.get("BusBus").outputs.arn);
    const topic = String(everything.get("AlertsTopic").outputs.arn);
    const document = parsePolicy(String(everything.get("Operator").inputs.policy));
    const put = (type: string) =>
      decide({ action: "events:PutEvents", resource: bus, context: { "events:detail-type": type } }, [
        document,
      ]);
    assert.equal(put("Test message"), "allowed");
    assert.equal(put("Transition"), "implicitDeny");
    assert.equal(isAllowed("Operator", "sns:ListSubscriptionsByTopic", topic), true);
    for (const action of ["sns:Publish", "sns:Subscribe"])
      assert.equal(isAllowed("Operator", action, topic), false);
    assert.equal(isAllowed("Viewer", "events:PutEvents", bus), false);
  });

  it("let both read the tables, and neither write them", () => {
    for (const policy of ["Operator", "Viewer"] as const) {
      for (const table of tables) {
        assert.equal(isAllowed(policy, "dynamodb:Query", arnOf(table)), true, table.name);
        for (const write of ["PutItem", "UpdateItem", "DeleteItem", "PutResourcePolicy", "DeleteTable"])
          assert.equal(isAllowed(policy, `dynamodb:${write}`, arnOf(table)), false, write);
      }
    }
  });

  it("let operators read the messages that could not be processed, in every region, and viewers count them", () => {
    for (const queue of queues) {
      const missed = queue.name.includes("Missed");
      assert.equal(isAllowed("Operator", "sqs:ReceiveMessage", arnOf(queue)), missed, queue.name);
      assert.equal(isAllowed("Viewer", "sqs:ReceiveMessage", arnOf(queue)), false, queue.name);
      assert.equal(isAllowed("Viewer", "sqs:GetQueueAttributes", arnOf(queue)), true, queue.name);
      assert.equal(isAllowed("Operator", "sqs:SendMessage", arnOf(queue)), false, queue.name);
    }
  });

  it("let nobody read the messages of a deployment whose stage begins alike", () => {
    for (const queue of queues) {
      const other = arnOf(queue).replace("drift-guard-ci-", "drift-guard-ci-2-");
      assert.equal(isAllowed("Operator", "sqs:ReceiveMessage", other), false, other);
      assert.equal(isAllowed("Viewer", "sqs:GetQueueAttributes", other), false, other);
    }
  });

  it("let both examine the deployment with doctor, and change nothing of it", () => {
    const reads: Readonly<Record<string, readonly string[]>> = {
      "aws:cloudwatch/eventRule:EventRule": ["events:DescribeRule", "events:ListTargetsByRule"],
      "aws:sqs/queue:Queue": ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
      "aws:lambda/function:Function": ["lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency"],
      "aws:dynamodb/table:Table": [
        "dynamodb:DescribeTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:GetResourcePolicy",
      ],
      "aws:sns/topic:Topic": ["sns:ListSubscriptionsByTopic"],
    };
    const trail = "arn:aws:cloudtrail:us-east-1:999999999999:trail/of-the-organization";
    const schedule = `arn:aws:scheduler:${home}:${account}:schedule/default/drift-guard-ci-sweep`;
    for (const policy of ["Operator", "Viewer"] as const) {
      for (const [type, actions] of Object.entries(reads)) {
        for (const resource of everything.all(type))
          for (const action of actions)
            assert.equal(isAllowed(policy, action, arnOf(resource)), true, `${action} ${resource.name}`);
      }
      for (const action of ["cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"])
        assert.equal(isAllowed(policy, action, trail), true, action);
      for (const action of [
        "cloudtrail:DescribeTrails",
        "events:TestEventPattern",
        "lambda:ListEventSourceMappings",
      ])
        assert.equal(isAllowed(policy, action, "*"), true, action);
      assert.equal(isAllowed(policy, "scheduler:GetSchedule", schedule), true);
      assert.equal(
        isAllowed(policy, "securityhub:DescribeHub", `arn:aws:securityhub:${home}:${account}:hub/default`),
        true,
      );
      for (const action of [
        "events:DisableRule",
        "lambda:UpdateEventSourceMapping",
        "scheduler:UpdateSchedule",
      ])
        assert.equal(isAllowed(policy, action, "*"), false, action);
    }
  });

  it("fit a managed policy of IAM", () => {
    for (const policy of ["Operator", "Viewer"] as const) {
      // A stage of 20 characters makes each of some 50 names 18 characters longer.
      const { length } = String(everything.get(policy).inputs.policy);
      assert.ok(length + 50 * 18 <= 6144, `${policy} has ${length} characters`);
    }
  });

  it("are attached to nothing, so that the owner chooses who has them", () => {
    const attached = everything
      .all("aws:iam/role:Role")
      .flatMap(({ inputs }) => JSON.stringify(inputs.managedPolicyArns ?? []));
    assert.doesNotMatch(attached.join(), /operator|viewer/);
  });
});
