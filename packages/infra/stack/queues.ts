/// <reference path="../../../.sst/platform/config.d.ts" />
import { maxReceives } from "@drift-guard/core/config/retries";
import { denyOthers } from "./exclusion.ts";
import { componentIn, irreplaceable, nameIn, settingBoth } from "./names.ts";

/** A queue with its dead-letter queue. */
export interface Channel {
  /** Name of the queue's component in the stack; the dead-letter queue is `<name>Missed`. */
  readonly name: string;
  readonly queue: sst.aws.Queue;
  /** Takes each message that was received from the queue ten times and not deleted. */
  readonly missed: sst.aws.Queue;
  /** How long a received message is hidden from others. */
  readonly visibilitySeconds: number;
  /** How long a message may wait for others of its batch. */
  readonly windowSeconds: number;
}

/** The longest that SQS allows: the owner has two weeks to replay missed messages. */
const retentionSeconds = 14 * 24 * 3600;

/** Creates a queue for messages that could not be delivered, in `region` or else in the guard's own. */
export function createMissedQueue(name: string, region?: string): sst.aws.Queue {
  return new sst.aws.Queue(componentIn(name, region), {
    transform: { queue: keepingMessages(name, region) },
  });
}

/** Sets name, encryption and retention of a queue. */
function keepingMessages(name: string, region?: string) {
  const settings: Partial<aws.sqs.QueueArgs> = {
    name: nameIn("queue", name, region),
    sqsManagedSseEnabled: true,
    messageRetentionSeconds: retentionSeconds,
    ...(region && { region }),
  };
  return settingBoth(settings, irreplaceable);
}

/**
 * Creates a queue for a function with this timeout, and its dead-letter queue `<name>Missed`. `windowSeconds`: how long a
 * message may wait for others of its batch.
 */
export function createChannel(name: string, functionTimeoutSeconds: number, windowSeconds = 0): Channel {
  const missed = createMissedQueue(`${name}Missed`);
  // Six times the function's timeout and the window, as the Lambda Developer Guide recommends: a batch that Lambda retries
  // is not received a second time meanwhile.
  const visibilitySeconds = 6 * functionTimeoutSeconds + windowSeconds;
  const queue = new sst.aws.Queue(name, {
    visibilityTimeout: `${visibilitySeconds} seconds`,
    dlq: { queue: missed.arn, retry: maxReceives },
    transform: { queue: keepingMessages(name) },
  });
  return { name, queue, missed, visibilitySeconds, windowSeconds };
}

/**
 * Lets these EventBridge rules, and no others, send to the queue. With `senders`, ARNs of roles, everybody else is denied
 * to send, administrators included; without, other principals of the account need a permission of their own.
 */
export function allowRules(
  name: string,
  queue: sst.aws.Queue,
  rules: readonly aws.cloudwatch.EventRule[],
  { region, senders }: { readonly region?: string; readonly senders?: readonly $util.Output<string>[] } = {},
): void {
  const sources = rules.map((rule) => rule.arn);
  new aws.sqs.QueuePolicy(`${componentIn(name, region)}Policy`, {
    ...(region && { region }),
    queueUrl: queue.url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: queue.arn,
          Condition: { ArnEquals: { "aws:SourceArn": sources } },
        },
        ...(senders === undefined
          ? []
          : [denyOthers("OnlyTheGuardSends", "sqs:SendMessage", queue.arn, { sources, roles: senders })]),
      ],
    }),
  });
}

/** Denies sending to a queue to everybody but these roles, administrators included; no rule sends to it. */
export function allowSenders(
  name: string,
  queue: sst.aws.Queue,
  senders: readonly $util.Output<string>[],
): void {
  new aws.sqs.QueuePolicy(`${name}Policy`, {
    queueUrl: queue.url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [denyOthers("OnlyTheGuardSends", "sqs:SendMessage", queue.arn, { roles: senders })],
    }),
  });
}

/**
 * Feeds the channel's messages to a function. A message that the function reports as failed is received again. `concurrency`
 * is the largest number of invocations at once, at least two: Lambda receives no message that it cannot hand over then
 * (docs/aws-facts.md, "DynamoDB, SQS and Lambda"), which would count towards the dead-letter queue. `size` is the largest
 * number of messages for one invocation.
 */
export function consume(
  { queue, windowSeconds }: Channel,
  consumer: sst.aws.Function,
  { concurrency, size = 10 }: { readonly concurrency: number; readonly size?: number },
): void {
  queue.subscribe(consumer.arn, {
    batch: {
      size,
      partialResponses: true,
      ...(windowSeconds > 0 && { window: `${windowSeconds} seconds` as const }),
    },
    transform: {
      eventSourceMapping: { scalingConfig: { maximumConcurrency: concurrency } },
    },
  });
}
