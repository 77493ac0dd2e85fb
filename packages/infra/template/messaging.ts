import * as z from "zod";
import { jsonDocument, omitUndefined, policyDocument, type Translate } from "./translation.ts";

const region = z.string().optional();

const Queue = z.strictObject({
  name: z.string(),
  region,
  // The stack has no FIFO queues, which need other properties.
  fifoQueue: z.literal(false),
  contentBasedDeduplication: z.literal(false),
  delaySeconds: z.number(),
  messageRetentionSeconds: z.number(),
  redrivePolicy: jsonDocument.optional(),
  sqsManagedSseEnabled: z.boolean(),
  visibilityTimeoutSeconds: z.number(),
});

/** Translates a queue. */
export const translateQueue: Translate = ({ inputs }) => {
  const queue = Queue.parse(inputs);
  return {
    type: "AWS::SQS::Queue",
    verbatim: { QueueName: queue.name },
    properties: omitUndefined({
      DelaySeconds: queue.delaySeconds,
      MessageRetentionPeriod: queue.messageRetentionSeconds,
      RedrivePolicy: queue.redrivePolicy,
      SqsManagedSseEnabled: queue.sqsManagedSseEnabled,
      VisibilityTimeout: queue.visibilityTimeoutSeconds,
    }),
    output: true,
  };
};

const QueuePolicy = z.strictObject({ queueUrl: z.string(), region, policy: policyDocument });

/** Translates a queue's policy. */
export const translateQueuePolicy: Translate = ({ inputs }) => {
  const { queueUrl, policy } = QueuePolicy.parse(inputs);
  return { type: "AWS::SQS::QueuePolicy", properties: { Queues: [queueUrl], PolicyDocument: policy } };
};

const Topic = z.strictObject({ name: z.string(), region, fifoTopic: z.literal(false) });

/** Translates a topic. */
export const translateTopic: Translate = ({ inputs }) => ({
  type: "AWS::SNS::Topic",
  verbatim: { TopicName: Topic.parse(inputs).name },
  properties: {},
  output: true,
});

const TopicPolicy = z.strictObject({ arn: z.string(), region, policy: policyDocument });

/** Translates a topic's policy. */
export const translateTopicPolicy: Translate = ({ inputs }) => {
  const { arn, policy } = TopicPolicy.parse(inputs);
  return { type: "AWS::SNS::TopicPolicy", properties: { Topics: [arn], PolicyDocument: policy } };
};

const Subscription = z.strictObject({
  topic: z.string(),
  region,
  protocol: z.string(),
  endpoint: z.string(),
});

/** Translates a topic's subscription. */
export const translateSubscription: Translate = ({ inputs }) => {
  const { topic, protocol, endpoint } = Subscription.parse(inputs);
  return {
    type: "AWS::SNS::Subscription",
    properties: { TopicArn: topic, Protocol: protocol, Endpoint: endpoint },
  };
};
