/// <reference path="../../../.sst/platform/config.d.ts" />
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

/** Creates an alarm that publishes to the topic as soon as the queue holds a message. */
export function alarmWhenNotEmpty(
  name: string,
  queue: sst.aws.Queue,
  topic: sst.aws.SnsTopic,
  region?: string,
): aws.cloudwatch.MetricAlarm {
  const settings: aws.cloudwatch.MetricAlarmArgs = {
    name: nameIn("alarm", name, region),
    ...(region && { region }),
    alarmDescription: `${componentIn(name, region)} holds messages that drift-guard could not process. Nothing is lost: find the cause, then replay them.`,
    namespace: "AWS/SQS",
    metricName: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: queue.nodes.queue.name },
    statistic: "Maximum",
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
        denyOthers("OnlyTheGuardPublishes", "sns:Publish", topic.arn, { sources, roles: publishers }),
      ],
    }),
  });
}
