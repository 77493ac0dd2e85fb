/// <reference path="../../../.sst/platform/config.d.ts" />
import { alarmOnAge, alarmOnMissed } from "./delivery-alarms.ts";
import type { Foundation } from "./foundation.ts";
import { alarmOnFailures, alarmOnForgedItems, alarmOnMetric } from "./function-alarms.ts";
import { createLambda } from "./lambda.ts";
import {
  allowControlReads,
  allowDeliveryMarks,
  allowHubWrites,
  allowLedgerReads,
  allowReceiving,
} from "./permissions.ts";
import { consume, createChannel } from "./queues.ts";
import { feedHubEvents, feedTransitions } from "./rules.ts";

// Security Hub takes ten calls a second (docs/aws-facts.md, "Security Hub"). An invocation makes about one a second.
const concurrency = 5;

/**
 * Creates the function that exchanges findings with Security Hub. Triggers: a queue that takes every transition from the
 * guard's own bus, and one that takes Security Hub's events about the guard's findings. Creates nothing
 * where the owner does not use Security Hub.
 */
export function createHubExchange({
  config,
  location,
  findings,
  control,
  bus,
  topic,
  board,
}: Foundation): void {
  if (!config.securityHub) return;
  const { partition, region, account } = location;
  const transitions = createChannel("SecurityHub", 60);
  // Users of Security Hub answer many findings at once, each with an event of its own: people are told of them together.
  const answers = createChannel("HubAnswers", 60, 20);
  const hubArn = (resource: $util.Input<string>) =>
    $interpolate`arn:${partition}:securityhub:${region}:${account}:${resource}`;
  const exchange = createLambda("HubImporter", location, {
    description: "Imports findings into Security Hub, and takes what its users did with them",
    timeoutSeconds: 60,
    environment: { FINDINGS_TABLE: findings.name, CONTROL_TABLE: control.name, TOPIC_ARN: topic.arn },
    permissions: [
      {
        actions: ["securityhub:BatchImportFindings"],
        resources: [hubArn($interpolate`product/${account}/default`)],
      },
      { actions: ["securityhub:GetFindings"], resources: [hubArn("hub/default")] },
      {
        // What else users may set is theirs.
        actions: ["securityhub:BatchUpdateFindings"],
        resources: [hubArn("hub/default")],
        conditions: [
          { test: "StringEquals", variable: "securityhub:ASFFSyntaxPath/Workflow.Status", values: ["NEW"] },
        ],
      },
      { actions: ["sns:Publish"], resources: [topic.arn] },
      ...allowLedgerReads(findings),
      ...allowControlReads(control),
      ...allowDeliveryMarks(findings),
      ...allowHubWrites(findings),
    ],
    lambdaCalls: [transitions, answers].flatMap(({ queue }) => allowReceiving(queue)),
  });
  feedTransitions(transitions, bus, location);
  feedHubEvents(answers, location);
  consume(transitions, exchange, { concurrency });
  consume(answers, exchange, { concurrency: 2, size: 100 });
  alarmOnMissed("SecurityHubMissed", transitions.missed, { essential: true }, board);
  alarmOnMissed("HubAnswersMissed", answers.missed, { essential: true }, board);
  alarmOnAge(transitions, "HubImporter", { essential: false }, board);
  alarmOnAge(answers, "HubImporter", { essential: false }, board);
  alarmOnFailures("securityhub", {}, board);
  alarmOnMetric(
    "SecurityHubTransitionsMissing",
    "securityhub",
    {
      means:
        "drift-guard cannot deliver a transition that its table does not hold: the message stays in its queue. Either the table was restored from a backup, or somebody deleted the transition, or puts events on the bus.",
      pattern: "does not hold",
      essential: false,
    },
    board,
  );
  alarmOnForgedItems("securityhub", { essential: false }, board);
}
