/// <reference path="../../../.sst/platform/config.d.ts" />

/** A queue, and the queue that keeps what was received from it five times and never done. */
export interface Channel {
  readonly name: string;
  readonly queue: sst.aws.Queue;
  readonly missed: sst.aws.Queue;
}

/** SQS's longest retention: a person has two weeks to replay what was missed. */
const retentionSeconds = 14 * 24 * 3600;

/** A queue for what could not be delivered. In another region than the guard's where one is given. */
export function createMissedQueue(name: string, region?: string): sst.aws.Queue {
  return new sst.aws.Queue(name, {
    transform: {
      queue: {
        sqsManagedSseEnabled: true,
        messageRetentionSeconds: retentionSeconds,
        ...(region && { region }),
      },
    },
  });
}

/** A queue in front of a function with this timeout, with its dead-letter queue `<name>Missed`. */
export function createChannel(name: string, functionTimeoutSeconds: number): Channel {
  const missed = createMissedQueue(`${name}Missed`);
  const queue = new sst.aws.Queue(name, {
    // Six times the function's timeout, as AWS advises: a batch that is retried inside Lambda is not received twice.
    visibilityTimeout: `${6 * functionTimeoutSeconds} seconds`,
    dlq: { queue: missed.arn, retry: 5 },
    transform: { queue: { sqsManagedSseEnabled: true, messageRetentionSeconds: retentionSeconds } },
  });
  return { name, queue, missed };
}

/** Lets these EventBridge rules, and nothing else of EventBridge's, send to the queue. */
export function allowRules(
  name: string,
  queue: sst.aws.Queue,
  rules: readonly aws.cloudwatch.EventRule[],
  region?: string,
): void {
  new aws.sqs.QueuePolicy(`${name}Policy`, {
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
          Condition: { ArnEquals: { "aws:SourceArn": rules.map((rule) => rule.arn) } },
        },
      ],
    }),
  });
}

/** Feeds a channel's messages to a function; what it reports as failed, and only that, is received again. */
export function consume(channel: Channel, consumer: sst.aws.Function, concurrency?: number): void {
  channel.queue.subscribe(consumer.arn, {
    batch: { size: 10, partialResponses: true },
    transform: {
      eventSourceMapping: concurrency ? { scalingConfig: { maximumConcurrency: concurrency } } : {},
    },
  });
}
