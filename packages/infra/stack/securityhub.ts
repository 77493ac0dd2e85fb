/// <reference path="../../../.sst/platform/config.d.ts" />
import { alarmOnMetric, alarmWhenNotEmpty } from "./alarms.ts";
import type { Foundation } from "./foundation.ts";
import { createLambda } from "./lambda.ts";
import { allowControlReads, allowDeliveryMarks, allowLedgerReads, allowReceiving } from "./permissions.ts";
import { consume, createChannel } from "./queues.ts";
import { feedTransitions } from "./rules.ts";

/**
 * Creates the function that imports findings into Security Hub. Trigger: a queue that takes every transition from the
 * guard's own bus. Returns the alarms on messages that it could not process, or that name no transition of the table; creates
 * nothing where the owner does not use Security Hub.
 */
export function createHubImport({
  config,
  location,
  findings,
  control,
  bus,
  topic,
}: Foundation): readonly aws.cloudwatch.MetricAlarm[] {
  if (!config.securityHub) return [];
  const { partition, region, account } = location;
  const channel = createChannel("SecurityHub", 60);
  const importer = createLambda("HubImporter", location, {
    description: "Imports findings into Security Hub",
    timeoutSeconds: 60,
    environment: { FINDINGS_TABLE: findings.name, CONTROL_TABLE: control.name },
    permissions: [
      {
        actions: ["securityhub:BatchImportFindings"],
        resources: [
          $interpolate`arn:${partition}:securityhub:${region}:${account}:product/${account}/default`,
        ],
      },
      ...allowLedgerReads(findings),
      ...allowControlReads(control),
      ...allowDeliveryMarks(findings),
    ],
    lambdaCalls: allowReceiving(channel.queue),
  });
  feedTransitions(channel, bus, location);
  consume(channel, importer);
  const place = { topic, location };
  return [
    alarmWhenNotEmpty("SecurityHubMissed", channel.missed, place),
    alarmOnMetric(
      "SecurityHubForged",
      "securityhub",
      {
        means:
          "drift-guard did not deliver a transition that its table does not hold. Either the table was restored from a backup, or somebody else puts events on the bus.",
        pattern: "does not hold",
      },
      place,
    ),
  ];
}
