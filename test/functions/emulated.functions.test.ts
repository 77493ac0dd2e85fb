import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, it } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  EnableSecurityHubCommand,
  GetFindingsCommand,
  ResourceConflictException,
  SecurityHubClient,
} from "@aws-sdk/client-securityhub";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { bodyOf } from "@drift-guard/core/model/finding";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import { findReference } from "@drift-guard/core/reference/built-in";
import { findingKeys } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { clientSettingsFor } from "../aws/client-settings.ts";
import { streamRecord } from "../aws/delivery/stream-records.ts";
import { createTable, itemsIn, putInto } from "../aws/dynamodb/tables.ts";
import {
  account,
  aFinding,
  aKey,
  aLedger,
  allReadable,
  aTransition,
  batchServicePolicy,
  secondsAfterNoon,
  trustOf,
} from "../builders.ts";
import { withEmulators } from "../local/emulated-suite.ts";
import { aContext, busMessage, failedMessages, queueEvent } from "./invocations.ts";

const Notification = z.looseObject({ Message: z.string() });
const role = "AWSBatchServiceRole";

withEmulators("The functions", (services) => {
  const at = () => clientSettingsFor(services().recorder.endpoint);
  const load = {
    detect: () => import("../../functions/detect.ts"),
    sweep: () => import("../../functions/sweep.ts"),
    publish: () => import("../../functions/publish.ts"),
    notify: () => import("../../functions/notify.ts"),
    securityhub: () => import("../../functions/securityhub.ts"),
    rollback: () => import("../../functions/rollback.ts"),
  };
  const invoke = async (name: keyof typeof load, event: unknown, context = aContext()) => {
    const { handler } = await load[name]();
    return handler(event, context);
  };

  let table: string;
  let subscriber: Queue;
  const store = (sinks: readonly Sink[] = ["notify"]): FindingStore =>
    createFindingStore(new DynamoDBClient(at()), { table, sinks });

  before(async () => {
    const dynamodb = new DynamoDBClient(at());
    table = await createTable(dynamodb);
    const changes = await createQueue(at());
    subscriber = await createQueue(at());
    const sns = new SNSClient(at());
    const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "alerts" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: subscriber.arn }));
    await createBus(at(), "guard", subscriber.arn);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: services().recorder.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIAOWNER",
      AWS_SECRET_ACCESS_KEY: "none",
      POWERTOOLS_LOG_LEVEL: "SILENT",
      POWERTOOLS_METRICS_DISABLED: "true",
      FINDINGS_TABLE: table,
      CONTROL_TABLE: await createTable(dynamodb),
      CHANGES_QUEUE_URL: changes.url,
      LOOKUPS_QUEUE_URL: changes.url,
      ROLLBACK_QUEUE_URL: changes.url,
      BUS_NAME: "guard",
      TOPIC_ARN: TopicArn,
      NOTIFY_QUEUE_URL: changes.url,
    });
  });

  describe("detect", () => {
    it("returns the messages that it cannot read, and records the findings of the others", async () => {
      const bare = { RoleName: role, AssumeRolePolicyDocument: trustOf("batch.amazonaws.com") };
      await new IAMClient(at()).send(new CreateRoleCommand(bare));
      const answer = await invoke(
        "detect",
        queueEvent(
          JSON.stringify({ source: "aws.iam", "detail-type": "Tag Change on Resource", detail: {} }),
          "{",
          JSON.stringify({ recheck: role }),
          JSON.stringify({ recheck: { name: role } }),
        ),
      );
      assert.deepEqual(answer, failedMessages("2", "4"));
      const { findings } = await store().load(aKey());
      assert.deepEqual(
        findings.map(({ evidence, state }) => [String(evidence.part), state]),
        [[`managed:${batchServicePolicy}`, "open"]],
      );
    });

    it("returns a message where the findings table does not exist, and handles the others", async () => {
      await withEnvironment({ FINDINGS_TABLE: "no-such-table" }, async () => {
        const irrelevant = JSON.stringify({ source: "aws.iam", "detail-type": "Other", detail: {} });
        const answer = await invoke("detect", queueEvent(JSON.stringify({ recheck: role }), irrelevant));
        assert.deepEqual(answer, failedMessages("1"));
      });
    });

    it("returns a message that it has no time for", async () => {
      const irrelevant = JSON.stringify({ source: "aws.iam", "detail-type": "Other", detail: {} });
      const answer = await invoke("detect", queueEvent(irrelevant), aContext(3_000));
      assert.deepEqual(answer, failedMessages("1"));
    });

    it("throws for an event that is not SQS's", async () => {
      for (const event of [undefined, {}, { Records: [{ body: "{}" }] }]) {
        await assert.rejects(invoke("detect", event), {
          name: "MessageUnreadableError",
          message: /other than an SQS event/,
        });
      }
    });

    it("throws an error that names the missing environment variables", async () => {
      await withEnvironment({ CONTROL_TABLE: undefined, CHANGES_QUEUE_URL: "" }, async () => {
        await assert.rejects(invoke("detect", queueEvent()), {
          name: "ConfigError",
          message: /CONTROL_TABLE.*CHANGES_QUEUE_URL/s,
        });
      });
    });

    it("throws where its ARN names no account", async () => {
      const context = { ...aContext(), invokedFunctionArn: "detect" };
      await assert.rejects(invoke("detect", queueEvent(), context), { name: "ConfigError" });
    });
  });

  describe("sweep", () => {
    it("inspects every watched role, and sends undelivered transitions again", async () => {
      const iam = new IAMClient(at());
      await iam.send(
        new CreateRoleCommand({
          RoleName: "ecsTaskExecutionRole",
          AssumeRolePolicyDocument: trustOf("ecs-tasks.amazonaws.com"),
        }),
      );
      for (const { arn } of findReference("ecsTaskExecutionRole")?.attachments ?? []) {
        await iam.send(new AttachRolePolicyCommand({ RoleName: "ecsTaskExecutionRole", PolicyArn: arn }));
      }
      const forgotten = await opened("forgotten");
      const report = z
        .object({ inspected: z.number(), resent: z.number(), left: z.array(z.string()) })
        .parse(await invoke("sweep", {}));
      // The fourth role is no longer watched, and has an open finding.
      assert.deepEqual([report.inspected, report.left], [4, []]);
      assert.ok(report.resent >= 1);
      await subscriber.receiveUntil((body) => parseEvent(body)?.id === forgotten.id);
      const healthy = await store().load(aKey({ name: "ecsTaskExecutionRole" }));
      assert.deepEqual(healthy.findings, []);
    });
  });

  describe("a sweep over an item that cannot be read", () => {
    it("evaluates the role, and removes the item", async () => {
      const dynamodb = new DynamoDBClient(at());
      const spoilt = await createTable(dynamodb);
      const [pk, sk] = [findingKeys.partition(aKey()), findingKeys.finding("spoilt")];
      await putInto(dynamodb, spoilt)(pk, sk, { schema: 2 });
      await withEnvironment({ FINDINGS_TABLE: spoilt }, async () => {
        await invoke("sweep", {});
      });
      const items = await itemsIn(dynamodb, spoilt).items(pk);
      assert.ok(items.has(findingKeys.ledger()));
      assert.ok(!items.has(sk));
    });
  });

  describe("publish", () => {
    it("publishes the inserted transitions, and then throws for the item that it cannot read", async () => {
      const transition = aTransition({ finding: aFinding({ id: "inserted" }) });
      const good = streamRecord(transition);
      const { NewImage: _, ...dynamodb } = good.dynamodb;
      await assert.rejects(invoke("publish", { Records: [{ ...good, dynamodb }, good] }), {
        name: "MessageUnreadableError",
        message: /TRANSITION#inserted#000001/,
      });
      await subscriber.receiveUntil((body) => parseEvent(body)?.id === transition.id);
    });

    it("throws for an event that is not a stream's", async () => {
      await assert.rejects(invoke("publish", {}), { name: "MessageUnreadableError" });
    });
  });

  describe("notify", () => {
    it("sends the transitions that it can read, marks them as delivered, and returns the other messages", async () => {
      const transition = await opened("notified");
      assert.deepEqual(await invoke("notify", queueEvent("[]", busMessage(transition))), failedMessages("1"));
      const sent = await subscriber.receiveUntil(
        (body) => parseNotice(body)?.includes("Finding notified,") ?? false,
      );
      assert.match(sent, /AWSBatchServiceRole/);
      assert.equal(await isUndelivered(transition), false);
    });

    it("sends no transition that was delivered, and keeps a message whose transition is not stored", async () => {
      const sent = await opened("sent-before");
      await store().markDelivered(sent, "notify");
      const forged = aTransition({ finding: { ...sent.finding, seq: 2, severity: "CRITICAL" } });
      // A message that it tried to send would be returned, because this topic does not exist.
      await withEnvironment({ TOPIC_ARN: `arn:aws:sns:us-east-1:${account}:missing` }, async () => {
        assert.deepEqual(
          await invoke("notify", queueEvent(busMessage(sent), busMessage(forged))),
          failedMessages("2"),
        );
      });
    });

    it("sends a transition as it is stored, whatever the message says", async () => {
      const transition = await opened("as-stored");
      const forged = { ...transition, note: "Call this number", kind: "resolved" } as const;
      assert.deepEqual(await invoke("notify", queueEvent(busMessage(forged))), failedMessages());
      const sent = await subscriber.receiveUntil(
        (body) => parseNotice(body)?.includes(transition.id) ?? false,
      );
      assert.doesNotMatch(sent, /Call this number/);
    });

    it("returns a message that it could not send, and does not mark it as delivered", async () => {
      const transition = await opened("unsent");
      await withEnvironment({ TOPIC_ARN: `arn:aws:sns:us-east-1:${account}:missing` }, async () => {
        assert.deepEqual(await invoke("notify", queueEvent(busMessage(transition))), failedMessages("1"));
      });
      assert.equal(await isUndelivered(transition), true);
    });
  });

  describe("securityhub", () => {
    it("imports each finding in its newest state, marks it as delivered, and returns messages that it cannot read", async () => {
      const hub = new SecurityHubClient(at());
      await enableHub(hub);
      const first = await opened("imported", ["securityhub"]);
      const now = await store().load(first.finding.role);
      const finding = { ...bodyOf(first.finding), state: "resolved", seq: 2 } as const;
      const second = aTransition({ kind: "resolved", finding });
      await store(["securityhub"]).commit({
        before: now,
        after: { ...now, findings: [finding] },
        transitions: [second],
      });
      // The older one comes last, and then again alone.
      const answer = await invoke("securityhub", queueEvent(busMessage(second), "?", busMessage(first)));
      assert.deepEqual(answer, failedMessages("2"));
      assert.deepEqual(await invoke("securityhub", queueEvent(busMessage(first))), failedMessages());
      const { Findings = [] } = await hub.send(new GetFindingsCommand({}));
      const imported = Findings.filter(({ Id }) => Id === `drift-guard/${account}/imported`);
      assert.deepEqual(
        imported.map(({ Compliance, RecordState }) => [Compliance?.Status, RecordState]),
        [["PASSED", "ARCHIVED"]],
      );
      assert.deepEqual([await isUndelivered(first), await isUndelivered(second)], [false, false]);
    });

    it("imports a renewed finding again, with the time of its renewal", async () => {
      const hub = new SecurityHubClient(at());
      await enableHub(hub);
      const old = await opened("renewed", ["securityhub"]);
      const later = secondsAfterNoon(40 * 86_400);
      for (const again of [false, true]) {
        if (again) await store().renew(old, "securityhub", later);
        assert.deepEqual(await invoke("securityhub", queueEvent(busMessage(old))), failedMessages());
      }
      const { Findings = [] } = await hub.send(new GetFindingsCommand({}));
      const imported = Findings.find(({ Id }) => Id === `drift-guard/${account}/renewed`);
      assert.deepEqual([imported?.CreatedAt, imported?.UpdatedAt], [old.at, later]);
    });

    it("archives no finding because a message says that it is resolved, and keeps the messages of those that are not stored", async () => {
      const hub = new SecurityHubClient(at());
      await enableHub(hub);
      const open = await opened("kept-open", ["securityhub"]);
      const resolved = { ...bodyOf(open.finding), state: "resolved" } as const;
      const forged = [
        { ...open, kind: "resolved", finding: resolved } as const,
        aTransition({ kind: "resolved", finding: { ...resolved, seq: 9 } }),
        aTransition({ finding: aFinding({ id: "made-up" }) }),
      ];
      assert.deepEqual(
        await invoke("securityhub", queueEvent(...forged.map(busMessage))),
        failedMessages("2", "3"),
      );
      const { Findings = [] } = await hub.send(new GetFindingsCommand({}));
      const states = new Map(Findings.map(({ Id, RecordState }) => [Id, RecordState]));
      assert.equal(states.get(`drift-guard/${account}/kept-open`), "ACTIVE");
      assert.equal(states.get(`drift-guard/${account}/made-up`), undefined);
    });
  });

  describe("rollback", () => {
    it("returns a message that it cannot read, and writes nothing where rollback is off", async () => {
      const transition = await opened("not-asked-for");
      const elsewhere = aFinding({ role: aKey({ account: "210987654321" }) });
      const answer = await invoke(
        "rollback",
        queueEvent(busMessage(transition), "{}", busMessage(aTransition({ finding: elsewhere }))),
      );
      assert.deepEqual(answer, failedMessages("2"));
    });
  });

  /** Commits a new finding to the table, and returns the transition, which waits for these sinks. */
  async function opened(id: string, sinks?: readonly Sink[]): Promise<Transition> {
    // CRITICAL, so that people are told of it at once.
    const finding = aFinding({ id, role: aKey({ name: `${role}-${id}` }), severity: "CRITICAL" });
    const transition = aTransition({ finding });
    const before = aLedger({ role: finding.role });
    await store(sinks).commit({
      before,
      after: { ...before, findings: [finding] },
      transitions: [transition],
    });
    return transition;
  }

  async function isUndelivered({ id }: Transition): Promise<boolean> {
    for await (const transition of store().undelivered(secondsAfterNoon(1), allReadable)) {
      if (transition.id === id) return true;
    }
    return false;
  }
});

interface Queue {
  readonly url: string;
  readonly arn: string;
  /** Receives messages until one matches, and returns its body. Throws where the queue is empty before. */
  receiveUntil(isIt: (body: string) => boolean): Promise<string>;
}

async function createQueue(at: ReturnType<typeof clientSettingsFor>): Promise<Queue> {
  const sqs = new SQSClient(at);
  const QueueName = `queue-${randomUUID()}`;
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName }));
  return {
    url: QueueUrl,
    arn: `arn:aws:sqs:us-east-1:${account}:${QueueName}`,
    async receiveUntil(isIt) {
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
        );
        const found = Messages.find(({ Body = "" }) => isIt(Body));
        if (found?.Body) return found.Body;
        if (Messages.length === 0) throw new Error("The queue is empty, and no message matched.");
      }
    },
  };
}

async function createBus(
  at: ReturnType<typeof clientSettingsFor>,
  bus: string,
  queueArn: string,
): Promise<void> {
  const eventbridge = new EventBridgeClient(at);
  await eventbridge.send(new CreateEventBusCommand({ Name: bus }));
  const EventPattern = JSON.stringify({ source: ["drift-guard"] });
  await eventbridge.send(new PutRuleCommand({ Name: "all", EventBusName: bus, EventPattern }));
  const Targets = [{ Id: "queue", Arn: queueArn }];
  await eventbridge.send(new PutTargetsCommand({ Rule: "all", EventBusName: bus, Targets }));
}

function parseEvent(body: string): Transition | undefined {
  try {
    return parseTransitionEvent(body);
  } catch {
    return undefined;
  }
}

function parseNotice(body: string): string | undefined {
  return Notification.safeParse(JSON.parse(body)).data?.Message;
}

async function withEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
  work: () => Promise<void>,
): Promise<void> {
  const kept = { ...process.env };
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  try {
    await work();
  } finally {
    Object.assign(process.env, kept);
  }
}

/** Enables Security Hub, unless an earlier test did so. */
async function enableHub(hub: SecurityHubClient): Promise<void> {
  try {
    await hub.send(new EnableSecurityHubCommand({}));
  } catch (error) {
    if (!(error instanceof ResourceConflictException)) throw error;
  }
}
