/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { testMessageEvent } from "@drift-guard/core/model/test-message";
import type { Foundation } from "./foundation.ts";
import { type GuardLocation, locateIn } from "./location.ts";
import { nameIn } from "./names.ts";
import { createPolicy } from "./policies.ts";
import { listForwardedRegions } from "./regions.ts";

/** ARNs of the managed policies for people, which the owner attaches to their roles. */
export interface PeoplePolicies {
  readonly operator: $util.Output<string>;
  readonly viewer: $util.Output<string>;
}

/**
 * Creates the managed policies for people: `operator` may answer (approve, suppress, pause) and read what the guard
 * stores and could not process; `viewer` may read the tables, and see how many messages could not be processed.
 */
export function createPeoplePolicies({
  config,
  location,
  findings,
  control,
  bus,
  topic,
}: Foundation): PeoplePolicies {
  const tables = {
    Sid: "ReadTables",
    Effect: "Allow",
    Action: ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"],
    Resource: [findings.arn, $interpolate`${findings.arn}/index/*`, control.arn],
  };
  const readMissed = (actions: readonly string[]) => ({
    Sid: "ReadMissedMessages",
    Effect: "Allow",
    Action: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", ...actions],
    Resource: listMissedQueues(config, location),
  });
  const respond = location.account.apply((account) => locateIn(location, account).respond);
  const answer = { Sid: "Answer", Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: respond };
  // Its description tells the command line whether its configuration is the deployed one.
  const describe = {
    Sid: "SeeConfiguration",
    Effect: "Allow",
    Action: ["lambda:GetFunctionConfiguration"],
    Resource: respond,
  };
  const policy = (component: string, description: string, Statement: readonly object[]) =>
    createPolicy(component, description, $jsonStringify({ Version: "2012-10-17", Statement })).arn;
  return {
    operator: policy("Operator", "Lets people answer drift-guard and read what it stores", [
      answer,
      describe,
      {
        Sid: "TestMessages",
        Effect: "Allow",
        Action: ["events:PutEvents"],
        Resource: [bus.arn],
        Condition: { StringEquals: { "events:detail-type": testMessageEvent.detailType } },
      },
      {
        Sid: "ReadSubscribers",
        Effect: "Allow",
        Action: ["sns:ListSubscriptionsByTopic"],
        Resource: [topic.arn],
      },
      tables,
      readMissed(["sqs:ReceiveMessage"]),
    ]),
    viewer: policy("Viewer", "Lets people read what drift-guard stores", [describe, tables, readMissed([])]),
  };
}

/** Lists the ARNs of the dead-letter queues. By name: a pattern would hold for a stage whose name begins like this one's too. */
function listMissedQueues(
  { regions }: Pick<Config, "regions">,
  { partition, region: home, account }: GuardLocation,
): readonly $util.Output<string>[] {
  const arnOf = (name: string, region: string) =>
    $interpolate`arn:${partition}:sqs:${region}:${account}:${name}`;
  return [
    ...missedQueues.map((name) => arnOf(nameIn("queue", name), home)),
    ...listForwardedRegions(regions).flatMap(({ region }) =>
      ["ForwardMissed", "WatchMissed"].map((name) => arnOf(nameIn("queue", name, region), region)),
    ),
  ];
}

// Those of Security Hub and rollback may not exist.
const missedQueues = [
  "ChangesMissed",
  "SymptomsMissed",
  "LookupsMissed",
  "NotifyMissed",
  "SecurityHubMissed",
  "HubAnswersMissed",
  "RollbackMissed",
  "StreamMissed",
  "SweepMissed",
  "WatchMissed",
];
