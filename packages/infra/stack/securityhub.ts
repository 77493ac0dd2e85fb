/// <reference path="../../../.sst/platform/config.d.ts" />
import { alarmWhenNotEmpty } from "./alarms.ts";
import type { Foundation } from "./foundation.ts";
import { createLambda } from "./lambda.ts";
import { allowDeliveryMarks, allowLedgerReads, allowReceiving } from "./permissions.ts";
import { consume, createChannel } from "./queues.ts";
import { feedTransitions } from "./rules.ts";

/**
 * Creates the function that imports findings into Security Hub. Trigger: a queue that takes every transition from the
 * guard's own bus. Returns the alarm on messages that it could not process, or undefined where the owner does not use
 * Security Hub and nothing is created.
 */
export function createHubImport({
  config,
  location,
  findings,
  bus,
  topic,
}: Foundation): aws.cloudwatch.MetricAlarm | undefined {
  if (!config.securityHub) return undefined;
  const { partition, region, account } = location;
  const channel = createChannel("SecurityHub", 60);
  const importer = createLambda("HubImporter", location, {
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
      ...allowLedgerReads(findings),
      ...allowDeliveryMarks(findings),
    ],
    lambdaCalls: allowReceiving(channel.queue),
  });
  feedTransitions(channel, bus, location);
  consume(channel, importer);
  return alarmWhenNotEmpty("SecurityHubMissed", channel.missed, topic);
}
