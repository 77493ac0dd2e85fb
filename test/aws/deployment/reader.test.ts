import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";
import { createDeploymentReader } from "@drift-guard/aws/deployment/reader";
import type { DeploymentReader } from "@drift-guard/core/ports";
import { clientSettingsFor } from "../client-settings.ts";
import { type Answer, type Call, json, jsonFault, refusal, withResponder, xml } from "../responder.ts";

/** Has a reader read from an endpoint that gives `answer`. */
async function readFrom<Result>(
  answer: (call: Call) => Answer,
  work: (reader: DeploymentReader) => Promise<Result>,
  now = () => new Date(),
): Promise<Result> {
  let result: { readonly value: Result } | undefined;
  await withResponder(answer, async ({ endpoint }) => {
    const settings = clientSettingsFor(endpoint);
    const opened: { destroy(): void }[] = [];
    const open = <Client extends { destroy(): void }>(client: Client): Client => {
      opened.push(client);
      return client;
    };
    const reader = createDeploymentReader(
      {
        sts: open(new STSClient(settings)),
        lambda: open(new LambdaClient(settings)),
        dynamodb: open(new DynamoDBClient(settings)),
        hub: open(new SecurityHubClient(settings)),
        trailsIn: (region) => open(new CloudTrailClient({ ...settings, region })),
        eventsIn: (region) => open(new EventBridgeClient({ ...settings, region })),
        queuesIn: (region) => open(new SQSClient({ ...settings, region })),
        topicsIn: (region) => open(new SNSClient({ ...settings, region })),
      },
      { region: "us-east-1", schedulerEndpoint: endpoint, now },
    );
    result = { value: await work(reader) };
    for (const client of opened) client.destroy();
  });
  assert.ok(result);
  return result.value;
}

const denied = (call: Call): Answer =>
  ["sts", "sns"].includes(call.service)
    ? refusal("AccessDenied", "not authorized", 403)
    : jsonFault("AccessDeniedException", "not authorized", 403);

describe("the reader of a deployment", () => {
  it("says of each call that is denied which permission it needs", async () => {
    const reads = await readFrom(denied, async (reader) => ({
      "sts:GetCallerIdentity": await reader.identity(),
      "cloudtrail:DescribeTrails": await reader.trails("us-east-1"),
      "events:DescribeRule": await reader.rule({ region: "us-east-1", name: "r" }),
      "events:TestEventPattern": await reader.matches("us-east-1", "{}", {}),
      "sqs:GetQueueUrl": await reader.queue("us-east-1", "q"),
      "lambda:GetFunctionConfiguration": await reader.lambda("f"),
      "dynamodb:DescribeTable": await reader.table("t"),
      "scheduler:GetSchedule": await reader.schedule("s"),
      "securityhub:DescribeHub": await reader.hub(),
      "sns:ListSubscriptionsByTopic": await reader.subscribers("us-east-1", "arn:aws:sns:us-east-1:1:t"),
    }));
    for (const [permission, found] of Object.entries(reads)) {
      assert.equal(found.status, "unknown", permission);
      assert.match(found.status === "unknown" ? found.why : "", new RegExp(`Allow ${permission}`));
    }
  });

  it("says that something does not exist by each service's own error", async () => {
    const missing = ({ service, action }: Call): Answer => {
      switch (service) {
        case "sns":
          return refusal("NotFound", "Topic does not exist", 404);
        case "sqs":
          return jsonFault("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.");
        case "securityhub":
          return jsonFault("InvalidAccessException", "Account 1 is not subscribed to AWS Security Hub", 401);
        default:
          return jsonFault("ResourceNotFoundException", `${action} found nothing`, 404);
      }
    };
    const reads = await readFrom(missing, async (reader) => [
      await reader.rule({ region: "us-east-1", name: "r" }),
      await reader.queue("us-east-1", "q"),
      await reader.lambda("f"),
      await reader.table("t"),
      await reader.schedule("s"),
      await reader.hub(),
      await reader.subscribers("us-east-1", "arn:aws:sns:us-east-1:1:t"),
    ]);
    for (const [index, found] of reads.entries()) assert.deepEqual(found, { status: "absent" }, `${index}`);
  });

  it("compares the time of STS's answer with this machine's", async () => {
    const ahead = () => new Date(Date.now() + 200_000);
    const found = await readFrom(
      ({ action }) => xml(action, "<Account>1</Account><Arn>arn:aws:iam::1:user/ada</Arn>"),
      (reader) => reader.identity(),
      ahead,
    );
    assert.ok(found.status === "read");
    assert.equal(found.value.arn, "arn:aws:iam::1:user/ada");
    assert.ok(
      found.value.aheadSeconds > 190 && found.value.aheadSeconds < 215,
      `${found.value.aheadSeconds}`,
    );
  });
});

// CloudTrail API Reference: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html
describe("the reader of trails", () => {
  const arn = "arn:aws:cloudtrail:eu-west-1:1:trail/all";
  const trailList = [{ Name: "all", TrailARN: arn, HomeRegion: "eu-west-1", IsMultiRegionTrail: true }];

  it("asks for the status in the Region, and for the selectors in the trail's own Region", async () => {
    const asked: string[] = [];
    const found = await readFrom(
      ({ action, region }) => {
        asked.push(`${action} ${region}`);
        if (action === "DescribeTrails") return json({ trailList });
        if (action === "GetTrailStatus") return json({ IsLogging: true });
        return json({
          EventSelectors: [{ ReadWriteType: "WriteOnly", IncludeManagementEvents: true }],
          AdvancedEventSelectors: [
            {
              FieldSelectors: [
                { Field: "eventCategory", Equals: ["Management"] },
                { Field: "eventSource", NotStartsWith: ["kms"] },
              ],
            },
          ],
        });
      },
      (reader) => reader.trails("us-east-1"),
    );
    assert.deepEqual(asked.sort(), [
      "DescribeTrails us-east-1",
      "GetEventSelectors eu-west-1",
      "GetTrailStatus us-east-1",
    ]);
    const field = (name: string, equals: readonly string[], hasOther: boolean) => ({
      field: name,
      equals,
      notEquals: [],
      hasOther,
    });
    assert.deepEqual(found, {
      status: "read",
      value: [
        {
          arn,
          globalServices: true,
          logging: { status: "read", value: true },
          selectors: {
            status: "read",
            value: [
              { kind: "basic", readWrite: "WriteOnly", management: true, excludedSources: [] },
              {
                kind: "advanced",
                fields: [field("eventCategory", ["Management"], false), field("eventSource", [], true)],
              },
            ],
          },
        },
      ],
    });
  });

  it("says that a trail of the organization does not show its selectors", async () => {
    const found = await readFrom(
      ({ action }) =>
        action === "DescribeTrails"
          ? json({ trailList })
          : action === "GetTrailStatus"
            ? json({ IsLogging: true })
            : jsonFault("TrailNotFoundException", "Unknown trail"),
      (reader) => reader.trails("us-east-1"),
    );
    assert.ok(found.status === "read");
    assert.deepEqual(found.value[0]?.selectors, { status: "absent" });
  });
});

describe("the reader of rules", () => {
  it("reads state, pattern and targets of a rule on its bus, and asks about a sample", async () => {
    const bodies: unknown[] = [];
    const found = await readFrom(
      ({ action, body }) => {
        bodies.push(JSON.parse(body));
        switch (action) {
          case "DescribeRule":
            return json({ Name: "r", State: "ENABLED", EventPattern: '{"source":["a"]}' });
          case "ListTargetsByRule":
            return json({
              Targets: [
                { Id: "1", Arn: "arn:queue", DeadLetterConfig: { Arn: "arn:dead" } },
                { Id: "2", Arn: "arn:bus" },
              ],
            });
          default:
            return json({ Result: true });
        }
      },
      async (reader) => [
        await reader.rule({ region: "us-east-1", name: "r", bus: "b" }),
        await reader.matches("us-east-1", "{}", { id: "1" }),
      ],
    );
    assert.deepEqual(found, [
      {
        status: "read",
        value: {
          state: "ENABLED",
          pattern: '{"source":["a"]}',
          targets: {
            status: "read",
            value: [{ arn: "arn:queue", deadLetters: "arn:dead" }, { arn: "arn:bus" }],
          },
        },
      },
      { status: "read", value: true },
    ]);
    assert.deepEqual(bodies, [
      { Name: "r", EventBusName: "b" },
      { Rule: "r", EventBusName: "b" },
      { EventPattern: "{}", Event: '{"id":"1"}' },
    ]);
  });
});

describe("the reader of queues", () => {
  it("adds up the messages, and reads policy and dead-letter queue", async () => {
    const read = (Attributes: object) =>
      readFrom(
        ({ action }) =>
          action === "GetQueueUrl" ? json({ QueueUrl: "https://sqs/1/q" }) : json({ Attributes }),
        (reader) => reader.queue("us-east-1", "q"),
      );
    const counts = {
      ApproximateNumberOfMessages: "2",
      ApproximateNumberOfMessagesNotVisible: "1",
      ApproximateNumberOfMessagesDelayed: "4",
    };
    assert.deepEqual(
      await read({
        ...counts,
        Policy: "{}",
        RedrivePolicy: '{"deadLetterTargetArn":"arn:dead","maxReceiveCount":5}',
      }),
      { status: "read", value: { messages: 7, policy: "{}", deadLetters: "arn:dead" } },
    );
    assert.deepEqual(await read({ ...counts, RedrivePolicy: "{" }), {
      status: "read",
      value: { messages: 7 },
    });
    // What it does not say is not zero.
    assert.equal((await read({})).status, "unknown");
  });
});

describe("the reader of functions", () => {
  it("reads the state, the reserved concurrency and every page of what feeds it", async () => {
    const found = await readFrom(
      ({ action }) => {
        if (action.includes("event-source-mappings"))
          return action.includes("Marker=more")
            ? json({ EventSourceMappings: [{ EventSourceArn: "arn:stream", State: "Disabled" }] })
            : json({
                EventSourceMappings: [
                  { EventSourceArn: "arn:queue", State: "Enabled", LastProcessingResult: "OK" },
                ],
                NextMarker: "more",
              });
        if (action.includes("concurrency")) return json({ ReservedConcurrentExecutions: 0 });
        return json({ State: "Active", LastUpdateStatus: "Successful", Description: "Takes answers" });
      },
      (reader) => reader.lambda("f"),
    );
    assert.deepEqual(found, {
      status: "read",
      value: {
        state: "Active",
        lastUpdate: "Successful",
        description: "Takes answers",
        reserved: { status: "read", value: { concurrency: 0 } },
        mappings: {
          status: "read",
          value: [
            { source: "arn:queue", state: "Enabled", lastResult: "OK" },
            { source: "arn:stream", state: "Disabled" },
          ],
        },
      },
    });
  });
});

describe("the reader of tables", () => {
  it("reads status, stream, point-in-time recovery and policy", async () => {
    const read = (policy: Answer, StreamEnabled: boolean) =>
      readFrom(
        ({ action }) => {
          switch (action) {
            case "DescribeTable":
              return json({
                Table: {
                  TableStatus: "ACTIVE",
                  TableArn: "arn:table",
                  StreamSpecification: { StreamEnabled },
                  LatestStreamArn: "arn:stream",
                },
              });
            case "DescribeContinuousBackups":
              return json({
                ContinuousBackupsDescription: {
                  ContinuousBackupsStatus: "ENABLED",
                  PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" },
                },
              });
            default:
              return policy;
          }
        },
        (reader) => reader.table("t"),
      );
    const recovery = { status: "read", value: false };
    assert.deepEqual(await read(json({ Policy: "{}" }), true), {
      status: "read",
      value: { state: "ACTIVE", stream: "arn:stream", recovery, policy: { status: "read", value: "{}" } },
    });
    // An earlier stream keeps its ARN for a day after it was switched off.
    assert.deepEqual(await read(jsonFault("PolicyNotFoundException", "none"), false), {
      status: "read",
      value: { state: "ACTIVE", recovery, policy: { status: "absent" } },
    });
  });
});

// GetSchedule: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
describe("the reader of the schedule", () => {
  it("reads state and target, signed for EventBridge Scheduler", async () => {
    let asked = "";
    const found = await readFrom(
      ({ action, service, region }) => {
        asked = `${service} ${region} ${action}`;
        return json({ State: "ENABLED", Target: { Arn: "arn:sweep", RoleArn: "arn:role" } });
      },
      (reader) => reader.schedule("drift-guard-ci-sweep"),
    );
    assert.equal(asked, "scheduler us-east-1 /schedules/drift-guard-ci-sweep?groupName=default");
    assert.deepEqual(found, { status: "read", value: { state: "ENABLED", target: "arn:sweep" } });
  });

  it("says that an answer cannot be read", async () => {
    for (const body of ["<html>", "{}"])
      assert.equal(
        (
          await readFrom(
            () => ({ status: 200, body }),
            (reader) => reader.schedule("s"),
          )
        ).status,
        "unknown",
        body,
      );
    const broken = await readFrom(
      () => ({ status: 500, body: "<html>" }),
      (reader) => reader.schedule("s"),
    );
    assert.deepEqual(broken, { status: "unknown", why: "scheduler:GetSchedule answered 500." });
  });
});
