import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { EnableSecurityHubCommand, GetFindingsCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createAnnouncer } from "@drift-guard/aws/delivery/eventbridge";
import { importFindings } from "@drift-guard/aws/delivery/securityhub";
import { publishNotice } from "@drift-guard/aws/delivery/sns";
import { createPostponement, createRecheckQueue } from "@drift-guard/aws/delivery/sqs";
import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { formatAsff } from "@drift-guard/formats/asff";
import * as z from "zod";
import { account, aFinding, anAnnouncement, aTransition } from "../../builders.ts";
import { withEmulators } from "../../local/emulated-suite.ts";
import { clientSettingsFor } from "../client-settings.ts";

const Notification = z.looseObject({ Subject: z.string(), Message: z.string() });

withEmulators("Deliveries to AWS", (services) => {
  const at = () => clientSettingsFor(services().emulators.ministack);

  async function createQueue() {
    const sqs = new SQSClient(at());
    const QueueName = `queue-${randomUUID()}`;
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName }));
    return {
      url: QueueUrl,
      arn: `arn:aws:sqs:us-east-1:${account}:${QueueName}`,
      async receive(waitSeconds = 5): Promise<string | undefined> {
        const answer = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: waitSeconds }));
        return answer.Messages?.[0]?.Body;
      },
      /** Receives a message that is hidden for ten minutes then, and returns its handle. */
      async take(): Promise<string> {
        const answer = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, VisibilityTimeout: 600 }),
        );
        return answer.Messages?.[0]?.ReceiptHandle ?? assert.fail("no message");
      },
    };
  }

  it("sends rechecks to the queue, delayed", async () => {
    const queue = await createQueue();
    const rechecks = createRecheckQueue(new SQSClient(at()), queue.url);
    await rechecks.schedule({ role: "Later" }, 900);
    await rechecks.schedule({ role: "Now", change: { id: "c-1" } }, 0);
    assert.deepEqual(JSON.parse((await queue.receive()) ?? ""), { recheck: "Now", changeId: "c-1" });
    assert.equal(await queue.receive(0), undefined);
  });

  it("has a received message received again at once, and leaves one of another queue", async () => {
    const [queue, other] = [await createQueue(), await createQueue()];
    const sqs = new SQSClient(at());
    const postpone = createPostponement(sqs, queue.url);
    for (const { url } of [queue, other]) await createRecheckQueue(sqs, url).schedule({ role: "Role" }, 0);
    await postpone({ queueArn: queue.arn, receiptHandle: await queue.take() }, 0);
    await postpone({ queueArn: other.arn, receiptHandle: await other.take() }, 0);
    assert.deepEqual(JSON.parse((await queue.receive()) ?? ""), { recheck: "Role" });
    assert.equal(await other.receive(0), undefined);
  });

  it("throws an error with the queue's URL if the queue does not exist", async () => {
    const missing = `${services().emulators.ministack}/${account}/missing`;
    await assert.rejects(createRecheckQueue(new SQSClient(at()), missing).schedule({ role: "Role" }, 1), {
      name: "DeliveryError",
      message: /The queue http.*missing does not exist\. Deploy the stack/,
    });
  });

  it("delivers a transition unchanged from the bus to a queue", async () => {
    const queue = await createQueue();
    const bus = `bus-${randomUUID()}`;
    const eventbridge = new EventBridgeClient(at());
    await eventbridge.send(new CreateEventBusCommand({ Name: bus }));
    await eventbridge.send(
      new PutRuleCommand({
        Name: "all",
        EventBusName: bus,
        EventPattern: JSON.stringify({ source: ["drift-guard"], "detail-type": ["Transition"] }),
      }),
    );
    await eventbridge.send(
      new PutTargetsCommand({ Rule: "all", EventBusName: bus, Targets: [{ Id: "queue", Arn: queue.arn }] }),
    );
    const transition = aTransition({ note: "é\u2028\u0000" });
    await createAnnouncer(eventbridge, bus).announce([transition]);
    assert.deepEqual(parseTransitionEvent((await queue.receive()) ?? ""), transition);
  });

  it("publishes a notice to a topic, with the newline of its subject as a space", async () => {
    const queue = await createQueue();
    const sns = new SNSClient(at());
    const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: `topic-${randomUUID()}` }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: queue.arn }));
    await publishNotice(sns, TopicArn, { subject: "a\nb", text: "What to do", chat: "{}" });
    const { Subject, Message } = Notification.parse(JSON.parse((await queue.receive()) ?? ""));
    assert.deepEqual([Subject, Message], ["a b", "What to do"]);
  });

  it("throws an error with the topic's ARN if the topic does not exist", async () => {
    const topic = `arn:aws:sns:us-east-1:${account}:missing`;
    await assert.rejects(publishNotice(new SNSClient(at()), topic, { subject: "s", text: "t", chat: "{}" }), {
      name: "DeliveryError",
      message: /The topic arn:aws:sns:us-east-1:123456789012:missing does not exist/,
    });
  });

  it("imports findings into Security Hub", async () => {
    const hub = new SecurityHubClient(clientSettingsFor(services().emulators.moto));
    await hub.send(new EnableSecurityHubCommand({}));
    const transitions = ["one", "two"].map((id) => aTransition({ finding: aFinding({ id }) }));
    const place = { account, region: "us-east-1", partition: "aws" };
    await importFindings(
      hub,
      transitions.map((transition) => formatAsff(anAnnouncement(transition), place)),
    );
    const { Findings = [] } = await hub.send(new GetFindingsCommand({}));
    assert.deepEqual(Findings.map(({ Id }) => Id).sort(), [
      `drift-guard/${account}/one`,
      `drift-guard/${account}/two`,
    ]);
  });
});
