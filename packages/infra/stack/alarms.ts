/// <reference path="../../../.sst/platform/config.d.ts" />
import type { GuardLocation } from "./location.ts";

/**
 * Creates a topic that alarms publish to, with the owner's addresses subscribed. Created in `region`, or else in the
 * guard's own.
 */
export function createTopic(name: string, emails: readonly string[], region?: string): sst.aws.SnsTopic {
  // Not encrypted: CloudWatch alarms cannot publish to a topic that uses SNS's own key.
  const topic = new sst.aws.SnsTopic(name, { transform: { topic: region ? { region } : {} } });
  emails.forEach((endpoint, index) => {
    new aws.sns.TopicSubscription(`${name}Email${index + 1}`, {
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
  return new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
    ...(region && { region }),
    alarmDescription: `${name} holds messages that drift-guard could not process. Nothing is lost: find the cause, then replay them.`,
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
  });
}

/** Lets these alarms, and no others, publish to the topic. The guard's functions may publish by their roles. */
export function allowAlarms(
  name: string,
  topic: sst.aws.SnsTopic,
  alarms: readonly aws.cloudwatch.MetricAlarm[],
  { account }: GuardLocation,
  region?: string,
): void {
  new aws.sns.TopicPolicy(`${name}Policy`, {
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
            ArnEquals: { "aws:SourceArn": alarms.map((alarm) => alarm.arn) },
            StringEquals: { "aws:SourceAccount": account },
          },
        },
      ],
    }),
  });
}
