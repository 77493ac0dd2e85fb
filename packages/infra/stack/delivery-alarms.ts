/// <reference path="../../../.sst/platform/config.d.ts" />
import { type LambdaName, lambdas } from "../bundles.ts";
import { type AlarmBoard, createAlarm } from "./alarms.ts";
import { nameIn } from "./names.ts";
import type { Channel } from "./queues.ts";

// The longest that SQS delays a message.
const maxDelaySeconds = 900;

interface MissedSettings {
  /** The text before the command; left out: that the guard could not process the messages. */
  readonly means?: string;
  readonly essential: boolean;
  readonly blinding?: boolean;
}

/**
 * Creates an alarm that is raised by each message that a dead-letter queue gets, also while older ones wait in it. Its text
 * has the command that makes up for the message: a sweep reads every role, asks for rollbacks again and sends what was not
 * delivered. Messages that a queue moves there are in no count of sent messages, so that the difference of the visible ones
 * is watched. A queue without activity has no metrics, and those of the first message come late: within the evaluated 15
 * minutes (docs/aws-facts.md, "Alarms and metrics").
 */
export function alarmOnMissed(
  name: string,
  queue: sst.aws.Queue,
  { means, essential, blinding = false }: MissedSettings,
  board: AlarmBoard,
): void {
  const { location, region } = board;
  const sweep = `aws lambda invoke --region ${location.region} --function-name ${nameIn("function", "sweep")} --invocation-type Event /dev/null`;
  createAlarm(
    name,
    {
      metric: {
        namespace: "AWS/SQS",
        metricName: "ApproximateNumberOfMessagesVisible",
        dimensions: { QueueName: queue.nodes.queue.name },
        statistic: "Maximum",
      },
      expression: "DIFF(FILL(m, 0))",
      raised: { evaluationPeriods: 15, datapointsToAlarm: 1 },
      description: `${means ?? `The queue ${nameIn("queue", name, region)} got messages that drift-guard could not process. When their cause is gone, a sweep makes up for them:`} ${sweep}`,
      essential,
      blinding,
    },
    board,
  );
}

/**
 * Creates an alarm that is raised once no function takes the messages of a queue: its oldest one has waited for longer than
 * any delay and two tries. A message that fails more often is not counted, and ends in the dead-letter queue.
 */
export function alarmOnAge(
  { name, queue, visibilitySeconds }: Channel,
  lambda: LambdaName,
  { essential, blinding = false }: { readonly essential: boolean; readonly blinding?: boolean },
  board: AlarmBoard,
): void {
  createAlarm(
    `${name}Age`,
    {
      metric: {
        namespace: "AWS/SQS",
        metricName: "ApproximateAgeOfOldestMessage",
        dimensions: { QueueName: queue.nodes.queue.name },
        statistic: "Maximum",
      },
      raised: { threshold: maxDelaySeconds + 2 * visibilitySeconds },
      description: `Messages wait in the queue ${nameIn("queue", name)}, and drift-guard does not take them. Whether their delivery is enabled: ${listMappings(lambda, board)}`,
      essential,
      blinding,
    },
    board,
  );
}

/**
 * Creates an alarm that is raised once the transitions that a function takes from the findings table's stream are 15 minutes
 * old. The metric exists only while the stream is read.
 */
export function alarmOnStreamAge(lambda: LambdaName, board: AlarmBoard): void {
  createAlarm(
    "StreamAge",
    {
      metric: {
        namespace: "AWS/Lambda",
        metricName: "IteratorAge",
        dimensions: { FunctionName: nameIn("function", lambdas[lambda]) },
        statistic: "Maximum",
      },
      raised: { threshold: 900_000 },
      description: `Transitions wait in the stream of the findings table for more than 15 minutes, so that nobody is told of them. The state of their delivery: ${listMappings(lambda, board)}`,
      // A sweep sends them again, whatever becomes of the stream.
      essential: false,
    },
    board,
  );
}

/** Creates an alarm on messages that the topic could not deliver to a subscriber. */
export function alarmOnFailedNotifications(
  { essential }: { readonly essential: boolean },
  board: AlarmBoard,
): void {
  const { topic, location, region = location.region } = board;
  createAlarm(
    "NotificationsFailed",
    {
      metric: {
        namespace: "AWS/SNS",
        metricName: "NumberOfNotificationsFailed",
        dimensions: { TopicName: topic.nodes.topic.name },
        statistic: "Sum",
      },
      description: $interpolate`Messages of drift-guard did not reach a subscriber of its topic. The subscribers: aws sns list-subscriptions-by-topic --region ${region} --topic-arn ${topic.arn}`,
      essential,
    },
    board,
  );
}

function listMappings(lambda: LambdaName, { location }: AlarmBoard): string {
  return `aws lambda list-event-source-mappings --region ${location.region} --function-name ${nameIn("function", lambdas[lambda])}`;
}
