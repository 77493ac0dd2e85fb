/// <reference path="../../../.sst/platform/config.d.ts" />
import { reportEvent } from "@drift-guard/core/model/first-report";
import { testMessageEvent } from "@drift-guard/core/model/test-message";
import { alarmOnAge, alarmOnFailedNotifications, alarmOnMissed } from "./delivery-alarms.ts";
import type { Foundation } from "./foundation.ts";
import { alarmOnFailures, alarmOnForgedItems, alarmOnMetric } from "./function-alarms.ts";
import { createLambda } from "./lambda.ts";
import {
  allowControlReads,
  allowDeliveryMarks,
  allowLedgerReads,
  allowNoticeWrites,
  allowPostponing,
  allowReceiving,
  allowSending,
} from "./permissions.ts";
import { consume, createChannel } from "./queues.ts";
import { feedTransitions } from "./rules.ts";

/**
 * Creates the function that sends transitions to people. Trigger: a queue that takes every transition from the guard's
 * own bus.
 */
export function createNotify({ location, findings, control, bus, topic, board }: Foundation): void {
  const channel = createChannel("Notify", 60);
  const notifier = createLambda("Notifier", location, {
    description: "Sends transitions to people",
    timeoutSeconds: 60,
    environment: {
      FINDINGS_TABLE: findings.name,
      CONTROL_TABLE: control.name,
      TOPIC_ARN: topic.arn,
      NOTIFY_QUEUE_URL: channel.queue.url,
    },
    permissions: [
      { actions: ["sns:Publish"], resources: [topic.arn] },
      ...allowLedgerReads(findings),
      // What the guard does about a finding depends on pauses, approvals and exceptions.
      ...allowControlReads(control),
      ...allowDeliveryMarks(findings),
      ...allowNoticeWrites(findings),
      ...allowSending(channel.queue),
      ...allowPostponing(channel.queue),
    ],
    lambdaCalls: allowReceiving(channel.queue),
  });
  feedTransitions(channel, bus, location, {
    alsoTypes: [testMessageEvent.detailType, reportEvent.detailType],
  });
  // All of them write the item that says what people were told: more would only conflict.
  consume(channel, notifier, { concurrency: 5 });
  alarmOnMissed("NotifyMissed", channel.missed, { essential: true }, board);
  alarmOnAge(channel, "Notifier", { essential: true }, board);
  alarmOnFailedNotifications({ essential: true }, board);
  alarmOnFailures("notify", {}, board);
  // Such a message ends in the queue of missed messages.
  alarmOnMetric(
    "NotifyTransitionsMissing",
    "notify",
    {
      means:
        "drift-guard cannot deliver a transition that its table does not hold: the message stays in its queue. Either the table was restored from a backup, or somebody deleted the transition, or puts events on the bus.",
      pattern: "does not hold",
      essential: false,
    },
    board,
  );
  alarmOnForgedItems("notify", { essential: false }, board);
}
