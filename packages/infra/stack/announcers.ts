/// <reference path="../../../.sst/platform/config.d.ts" />

import type { Ground } from "./foundation.ts";
import { createLambda } from "./functions.ts";
import { announceOn, markDelivered, readLedgers, receiveFrom, sendTo } from "./permissions.ts";
import { type Channel, consume, createChannel, createMissedQueue } from "./queues.ts";
import { feedTransitions } from "./rules.ts";

/** The one reader of the findings table's stream; gives the queue of what it could not tell. */
export function createPublish({ findings, bus }: Ground): sst.aws.Queue {
  const missed = createMissedQueue("StreamMissed");
  const publish = createLambda("Publish", {
    description: "Tells new transitions on the guard's own bus",
    timeoutSeconds: 60,
    environment: { BUS_NAME: bus.name },
    permissions: [
      {
        actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        resources: [findings.nodes.table.streamArn],
      },
      { actions: ["dynamodb:ListStreams"], resources: ["*"] },
      ...announceOn(bus),
      ...sendTo(missed),
    ],
  });
  findings.subscribe("Publish", publish.arn, {
    filters: [{ eventName: ["INSERT"], dynamodb: { Keys: { sk: { S: [{ prefix: "TRANSITION#" }] } } } }],
    transform: {
      eventSourceMapping: {
        startingPosition: "TRIM_HORIZON",
        batchSize: 100,
        // It fails as a whole, so halving a batch is what finds the one record that cannot be told.
        bisectBatchOnFunctionError: true,
        maximumRetryAttempts: 10,
        destinationConfig: { onFailure: { destinationArn: missed.arn } },
      },
    },
  });
  return missed;
}

/** The function that tells people. */
export function createNotify({ place, findings, bus, topic }: Ground): Channel {
  const channel = createChannel("Notify", 60);
  const notifier = createLambda("Notifier", {
    description: "Sends transitions to people",
    timeoutSeconds: 60,
    environment: { FINDINGS_TABLE: findings.name, TOPIC_ARN: topic.arn },
    permissions: [
      { actions: ["sns:Publish"], resources: [topic.arn] },
      ...readLedgers(findings),
      ...markDelivered(findings),
      ...receiveFrom(channel.queue),
    ],
  });
  feedTransitions(channel, bus, place);
  consume(channel, notifier);
  return channel;
}

/** The function that tells Security Hub, where the owner asked for it. */
export function createHubImport({ config, place, findings, bus }: Ground): Channel | undefined {
  if (!config.securityHub) return undefined;
  const { partition, region, account } = place;
  const channel = createChannel("SecurityHub", 60);
  const importer = createLambda("HubImporter", {
    description: "Imports findings into Security Hub",
    timeoutSeconds: 60,
    environment: { FINDINGS_TABLE: findings.name },
    permissions: [
      {
        actions: ["securityhub:BatchImportFindings"],
        resources: [
          $interpolate`arn:${partition}:securityhub:${region}:${account}:product/${account}/default`,
        ],
      },
      ...readLedgers(findings),
      ...markDelivered(findings),
      ...receiveFrom(channel.queue),
    ],
  });
  feedTransitions(channel, bus, place);
  consume(channel, importer);
  return channel;
}
