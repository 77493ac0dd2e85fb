/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { type ExpectedDeployment, expectDeployment } from "@drift-guard/core/doctor/expectation";
import { testMessageEvent } from "@drift-guard/core/model/test-message";
import type { Foundation } from "./foundation.ts";
import { type GuardLocation, locateIn } from "./location.ts";
import { nameIn } from "./names.ts";
import { createPolicy } from "./policies.ts";
import { listForwardedRegions } from "./regions.ts";
import { listRolledBackRoles } from "./rollback-permissions.ts";

/** ARNs of the managed policies for people, which the owner attaches to their roles. */
export interface PeoplePolicies {
  readonly operator: $util.Output<string>;
  readonly viewer: $util.Output<string>;
}

/**
 * Creates the managed policies for people: `operator` may answer (approve, suppress, pause) and read what the guard
 * stores and could not process; `viewer` may read the tables, and see how many messages could not be processed. Both may
 * examine the deployment with `drift-guard doctor`.
 */
export function createPeoplePolicies({
  config,
  location,
  findings,
  control,
  bus,
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
  const examine = allowExamination(config, location);
  const policy = (component: string, description: string, Statement: readonly object[]) =>
    createPolicy(component, description, $jsonStringify({ Version: "2012-10-17", Statement })).arn;
  return {
    operator: policy("Operator", "Lets people answer drift-guard and read what it stores", [
      answer,
      ...examine,
      {
        Sid: "TestMessages",
        Effect: "Allow",
        Action: ["events:PutEvents"],
        Resource: [bus.arn],
        Condition: { StringEquals: { "events:detail-type": testMessageEvent.detailType } },
      },
      tables,
      readMissed(["sqs:ReceiveMessage"]),
    ]),
    viewer: policy("Viewer", "Lets people read what drift-guard stores", [
      ...examine,
      tables,
      readMissed([]),
    ]),
  };
}

/**
 * Allows what `doctor` reads. In other Regions, rules and topics are allowed by their names up to the Region, so that the policy
 * does not become longer with each Region.
 */
function allowExamination(config: Config, location: GuardLocation): readonly object[] {
  const { partition, region: home } = location;
  const listArns = (choose: (expected: ExpectedDeployment) => readonly string[]) =>
    location.account.apply((account) =>
      choose(
        expectDeployment(
          { stage: $app.stage, region: home, account, partition },
          {
            batchRegions: config.regions.batch,
            forwarded: listForwardedRegions(config.regions),
            securityHub: config.securityHub,
            rollback: listRolledBackRoles(config).length > 0,
          },
        ),
      ),
    );
  const allow = (
    Sid: string,
    Action: readonly string[],
    Resource: $util.Input<string | readonly string[]>,
  ) => ({
    Sid,
    Effect: "Allow",
    Action,
    Resource,
  });
  return [
    // These calls support no narrower resource (Service Authorization Reference).
    allow(
      "Examine",
      ["cloudtrail:DescribeTrails", "events:TestEventPattern", "lambda:ListEventSourceMappings"],
      "*",
    ),
    // A trail of the organization is of another account.
    allow(
      "Trails",
      ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"],
      [`arn:${partition}:cloudtrail:*:*:trail/*`],
    ),
    allow(
      "Rules",
      ["events:DescribeRule", "events:ListTargetsByRule"],
      listArns(({ rules, place }) => {
        const watch = nameIn("rule", "Watch-");
        return [
          ...shortenArns(
            rules.filter(({ name }) => !name.startsWith(watch)),
            home,
          ),
          `arn:${partition}:events:*:${place.account}:rule/${watch}*`,
        ];
      }),
    ),
    allow(
      "Queues",
      ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
      listArns(({ queues }) => queues.filter(({ alarm }) => alarm === undefined).map(({ arn }) => arn)),
    ),
    // The description of respond also tells every command whether its configuration is the deployed one.
    allow(
      "Functions",
      ["lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration"],
      listArns(({ functions, place }) =>
        functions.map(({ name }) => `arn:${partition}:lambda:${home}:${place.account}:function:${name}`),
      ),
    ),
    allow(
      "Tables",
      ["dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:GetResourcePolicy"],
      listArns(({ tables }) => tables.map(({ arn }) => arn)),
    ),
    allow(
      "Schedule",
      ["scheduler:GetSchedule"],
      listArns(({ schedule, place }) => [
        `arn:${partition}:scheduler:${home}:${place.account}:schedule/default/${schedule.name}`,
      ]),
    ),
    allow(
      "Subscribers",
      ["sns:ListSubscriptionsByTopic"],
      listArns(({ topics }) => shortenArns(topics, home)),
    ),
    ...(config.securityHub
      ? [
          allow(
            "Hub",
            ["securityhub:DescribeHub"],
            listArns(({ place }) => [`arn:${partition}:securityhub:${home}:${place.account}:hub/default`]),
          ),
        ]
      : []),
  ];
}

/** Returns ARNs, those of resources outside the guard's Region each once for all such Regions. */
function shortenArns(
  resources: readonly { readonly arn: string; readonly region: string }[],
  home: string,
): readonly string[] {
  const arns = resources.map(({ arn, region }) =>
    region === home ? arn : arn.replace(`:${region}:`, ":*:").replace(new RegExp(`${region}$`), "*"),
  );
  return [...new Set(arns)];
}

/**
 * Lists the ARNs of the dead-letter queues. By whole purposes: a pattern such as `drift-guard-ci-*` would hold for a stage whose
 * name begins like this one's too.
 */
function listMissedQueues(
  { regions }: Pick<Config, "regions">,
  { partition, region: home, account }: GuardLocation,
): readonly $util.Output<string>[] {
  const arnOf = (name: string, region = home) =>
    $interpolate`arn:${partition}:sqs:${region}:${account}:${name}`;
  return [
    ...missedQueues.map((name) => arnOf(nameIn("queue", name))),
    ...(listForwardedRegions(regions).length > 0
      ? ["ForwardMissed", "WatchMissed"].map((name) => arnOf(nameIn("queue", name, "*"), "*"))
      : []),
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
