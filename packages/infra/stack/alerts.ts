/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Place } from "./place.ts";

/** Creates the topic that people subscribe to, with the configured addresses on it. */
export function createTopic(name: string, emails: readonly string[], region?: string): sst.aws.SnsTopic {
  // Not encrypted with SNS's own key: CloudWatch's alarms could not be published to it.
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

/** Raises an alarm on the topic as soon as a message waits in the queue. */
export function alarmWhenNotEmpty(
  name: string,
  queue: sst.aws.Queue,
  topic: sst.aws.SnsTopic,
  region?: string,
): aws.cloudwatch.MetricAlarm {
  return new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
    ...(region && { region }),
    alarmDescription: `${name} holds messages that drift-guard could not process: nothing is lost, but look at them and replay them`,
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

/** Lets these alarms publish to the topic; the guard's own functions publish by their roles. */
export function allowAlarms(
  name: string,
  topic: sst.aws.SnsTopic,
  alarms: readonly aws.cloudwatch.MetricAlarm[],
  { account }: Place,
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
