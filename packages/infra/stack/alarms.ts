/// <reference path="../../../.sst/platform/config.d.ts" />
import type { AlarmChoice } from "@drift-guard/core/config/config";
import { denyOthers } from "./exclusion.ts";
import type { GuardLocation } from "./location.ts";
import { componentIn, nameIn, replaceable, settingBoth } from "./names.ts";

/**
 * Creates a topic that alarms publish to, with the owner's addresses subscribed. Created in `region`, or else in the
 * guard's own.
 */
export function createTopic(name: string, emails: readonly string[], region?: string): sst.aws.SnsTopic {
  // Not encrypted: CloudWatch alarms cannot publish to a topic that uses SNS's own key.
  const component = componentIn(name, region);
  const settings: Partial<aws.sns.TopicArgs> = {
    name: nameIn("topic", name, region),
    ...(region && { region }),
  };
  const topic = new sst.aws.SnsTopic(component, { transform: { topic: settingBoth(settings, replaceable) } });
  emails.forEach((endpoint, index) => {
    new aws.sns.TopicSubscription(`${component}Email${index + 1}`, {
      ...(region && { region }),
      topic: topic.arn,
      protocol: "email",
      endpoint,
    });
  });
  return topic;
}

/** An alarm that publishes to a topic. */
export type Alarm = aws.cloudwatch.MetricAlarm | aws.cloudwatch.CompositeAlarm;

/** Where the alarms of one Region are created, the topic that they publish to, and those that were created. */
export interface AlarmBoard {
  readonly topic: sst.aws.SnsTopic;
  readonly location: GuardLocation;
  /** The guard's own where left out. */
  readonly region?: string;
  /** Which alarms the owner wants. */
  readonly choice: AlarmChoice;
  readonly alarms: Alarm[];
  /** Those of `alarms` that mean that drift-guard does not see changes. */
  readonly blinding: aws.cloudwatch.MetricAlarm[];
}

/** Creates a board without alarms. `region` is left out for the guard's own. */
export function openBoard(
  topic: sst.aws.SnsTopic,
  { alarms: choice }: { readonly alarms: AlarmChoice },
  location: GuardLocation,
  region?: string,
): AlarmBoard {
  return { topic, location, choice, alarms: [], blinding: [], ...(region && { region }) };
}

/** A metric, and how its values of one minute are made one. */
export type Metric = Required<
  Pick<aws.cloudwatch.MetricAlarmArgs, "namespace" | "metricName" | "dimensions">
> & { readonly statistic: string };

/** What an alarm watches and says. */
export interface AlarmSettings {
  readonly metric: Metric;
  /** An expression over the metric, which is `m`: the alarm watches its value in place of the metric's. */
  readonly expression?: string;
  /** What happened, and the command to start with. The runbook is added. */
  readonly description: $util.Input<string>;
  /** Whether the alarm tells that drift-guard is blind or has lost something, so that each deployment has it. */
  readonly essential: boolean;
  /** Whether drift-guard does not see changes while the alarm is raised. */
  readonly blinding?: boolean;
  /** Where it differs from the default: raised as soon as the value of one minute is above zero. */
  readonly raised?: Partial<
    Pick<
      aws.cloudwatch.MetricAlarmArgs,
      "comparisonOperator" | "threshold" | "evaluationPeriods" | "datapointsToAlarm" | "treatMissingData"
    >
  > & {
    /** Seconds of one value. */
    readonly period?: number;
  };
}

/** Creates an alarm that publishes to the board's topic; none where the owner wants essential alarms and this is no such. */
export function createAlarm(
  name: string,
  {
    metric,
    expression,
    description,
    essential,
    blinding = false,
    raised: { period = 60, ...raised } = {},
  }: AlarmSettings,
  board: AlarmBoard,
): void {
  const { choice, region } = board;
  if (choice === "essential" && !essential) return;
  const { statistic, ...named } = metric;
  const settings: aws.cloudwatch.MetricAlarmArgs = {
    ...(expression === undefined
      ? { ...metric, period }
      : {
          metricQueries: [
            { id: "m", metric: { ...named, stat: statistic, period } },
            { id: "e", expression, returnData: true },
          ],
        }),
    ...describe(name, description, board),
    name: nameIn("alarm", name, region),
    evaluationPeriods: 1,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
    treatMissingData: "notBreaching",
    ...raised,
  };
  const alarm = new aws.cloudwatch.MetricAlarm(`${componentIn(name, region)}Alarm`, settings, replaceable);
  board.alarms.push(alarm);
  if (blinding) board.blinding.push(alarm);
}

/**
 * Creates the alarm that is raised while any of the board's alarms is that means that drift-guard does not see changes. None
 * where the owner wants essential alarms: it costs as much as five others, which are raised with it.
 */
export function createBlindAlarm(board: AlarmBoard): void {
  const { choice, location, blinding } = board;
  if (choice === "essential") return;
  const settings: aws.cloudwatch.CompositeAlarmArgs = {
    ...describe(
      "Blind",
      `drift-guard cannot see: a change of a role may go unreported until this is mended. Another alarm says why. Those that are raised: aws cloudwatch describe-alarms --region ${location.region} --state-value ALARM --alarm-name-prefix ${nameIn("alarm", "")}`,
      board,
    ),
    alarmName: nameIn("alarm", "Blind"),
    alarmRule: $util
      .all(blinding.map(({ arn }) => arn))
      .apply((arns) => arns.map((arn) => `ALARM("${arn}")`).join(" OR ")),
  };
  board.alarms.push(new aws.cloudwatch.CompositeAlarm("BlindAlarm", settings, replaceable));
}

function describe(name: string, description: $util.Input<string>, { topic, region }: AlarmBoard) {
  return {
    ...(region && { region }),
    alarmDescription: $interpolate`${description} (runbook: docs/alarms.md, "${name}")`,
    alarmActions: [topic.arn],
  };
}

/**
 * Lets these alarms publish to the topic, and denies it to everybody else but `publishers`, ARNs of roles: people act on what
 * the topic tells them.
 */
export function protectTopic(
  name: string,
  topic: sst.aws.SnsTopic,
  alarms: readonly Alarm[],
  { account }: GuardLocation,
  {
    region,
    publishers = [],
  }: { readonly region?: string; readonly publishers?: readonly $util.Output<string>[] } = {},
): void {
  const sources = alarms.map((alarm) => alarm.arn);
  new aws.sns.TopicPolicy(`${componentIn(name, region)}Policy`, {
    ...(region && { region }),
    arn: topic.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        ...(sources.length === 0
          ? []
          : [
              {
                Effect: "Allow",
                Principal: { Service: "cloudwatch.amazonaws.com" },
                Action: "sns:Publish",
                Resource: topic.arn,
                Condition: {
                  ArnEquals: { "aws:SourceArn": sources },
                  StringEquals: { "aws:SourceAccount": account },
                },
              },
            ]),
        denyOthers("OnlyTheGuardPublishes", "sns:Publish", topic.arn, { sources, roles: publishers }),
      ],
    }),
  });
}
