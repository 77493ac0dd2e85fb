/// <reference path="../../../.sst/platform/config.d.ts" />
import type { FunctionName } from "@drift-guard/core/config/environment";
import { alarmedMetrics, forgedItems } from "@drift-guard/core/config/metrics";
import { denyOthers } from "./exclusion.ts";
import type { GuardLocation } from "./location.ts";
import { componentIn, metricsNamespace, nameIn, replaceable, settingBoth } from "./names.ts";

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

/** Where an alarm is created, and where its messages go. */
interface AlarmPlace {
  readonly topic: sst.aws.SnsTopic;
  readonly location: GuardLocation;
  /** The guard's own where left out. */
  readonly region?: string;
}

/**
 * Creates an alarm that publishes to the topic as soon as the queue holds a message. Its text has the command that makes up
 * for the message: a sweep reads every role, asks for rollbacks again and sends what was not delivered. `means` is the text
 * before the command; left out: that the guard could not process the messages.
 */
export function alarmWhenNotEmpty(
  name: string,
  queue: sst.aws.Queue,
  place: AlarmPlace,
  means?: string,
): aws.cloudwatch.MetricAlarm {
  const { location, region } = place;
  const sweep = `aws lambda invoke --region ${location.region} --function-name ${nameIn("function", "sweep")} --invocation-type Event /dev/null`;
  return createAlarm(
    name,
    {
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: queue.nodes.queue.name },
      statistic: "Maximum",
    },
    `${means ?? `The queue ${nameIn("queue", name, region)} holds messages that drift-guard could not process. When their cause is gone, a sweep makes up for them:`} ${sweep}`,
    place,
  );
}

/** Creates an alarm on calls of a function that failed. For a function that people call: no queue keeps what failed. */
export function alarmOnErrors(name: FunctionName, place: AlarmPlace): aws.cloudwatch.MetricAlarm {
  return createAlarm(
    `${capitalise(name)}Errors`,
    {
      namespace: "AWS/Lambda",
      metricName: "Errors",
      dimensions: { FunctionName: nameIn("function", name) },
      statistic: "Sum",
    },
    `The function ${nameIn("function", name)} failed, and who called it got an error. Its log says why: ${readLog(name, "ERROR", place)}`,
    place,
  );
}

/**
 * Creates an alarm on the metric that a function counts for people. `component` is the alarm's name in the stack, `means` a
 * sentence, and `pattern` the text by which the log's entries about it are found.
 */
export function alarmOnMetric(
  component: string,
  name: keyof typeof alarmedMetrics,
  { means, pattern }: { readonly means: string; readonly pattern: string },
  place: AlarmPlace,
): aws.cloudwatch.MetricAlarm {
  return createMetricAlarm(component, [name, alarmedMetrics[name]], { means, pattern }, place);
}

/** Creates an alarm on items of the findings table that a function found to be forged. */
export function alarmOnForgedItems(
  name: (typeof forgedItems.functions)[number],
  place: AlarmPlace,
): aws.cloudwatch.MetricAlarm {
  return createMetricAlarm(
    `${name === "securityhub" ? "SecurityHub" : capitalise(name)}ForgedItems`,
    [name, forgedItems.metric],
    {
      means:
        "Items of drift-guard's findings table were edited, added or deleted by somebody else, or cannot be read. They were not used.",
      pattern: "were edited, added or deleted",
    },
    place,
  );
}

function createMetricAlarm(
  component: string,
  [name, metricName]: readonly [service: FunctionName, metric: string],
  { means, pattern }: { readonly means: string; readonly pattern: string },
  place: AlarmPlace,
): aws.cloudwatch.MetricAlarm {
  return createAlarm(
    component,
    { namespace: metricsNamespace, metricName, dimensions: { service: name }, statistic: "Sum" },
    `${means} The log of ${nameIn("function", name)} has the details: ${readLog(name, pattern, place)}`,
    place,
  );
}

function capitalise(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function readLog(name: FunctionName, pattern: string, { location }: AlarmPlace): string {
  return `aws logs tail /aws/lambda/${nameIn("function", name)} --region ${location.region} --since 1h --filter-pattern '"${pattern}"'`;
}

type Metric = Pick<aws.cloudwatch.MetricAlarmArgs, "namespace" | "metricName" | "dimensions" | "statistic">;

/** Creates an alarm that publishes to the topic as soon as the metric is above zero. */
function createAlarm(
  name: string,
  metric: Metric,
  description: string,
  { topic, region }: AlarmPlace,
): aws.cloudwatch.MetricAlarm {
  const settings: aws.cloudwatch.MetricAlarmArgs = {
    ...metric,
    name: nameIn("alarm", name, region),
    ...(region && { region }),
    alarmDescription: `${description} (runbook: docs/alarms.md, "${name}")`,
    period: 60,
    evaluationPeriods: 1,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
    treatMissingData: "notBreaching",
    alarmActions: [topic.arn],
  };
  return new aws.cloudwatch.MetricAlarm(`${componentIn(name, region)}Alarm`, settings, replaceable);
}

/**
 * Lets these alarms publish to the topic, and denies it to everybody else but `publishers`, ARNs of roles: people act on what
 * the topic tells them.
 */
export function protectTopic(
  name: string,
  topic: sst.aws.SnsTopic,
  alarms: readonly aws.cloudwatch.MetricAlarm[],
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
