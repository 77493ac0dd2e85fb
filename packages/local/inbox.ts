import { SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { clientSettings } from "./client.ts";

/** A queue subscribed to a topic, in place of a person's mailbox. */
export interface Inbox {
  /** Waits up to `seconds` (at most 20) for messages. Returns up to 10, each once; rejects if `signal` aborts. */
  receive(seconds: number, signal?: AbortSignal): Promise<readonly string[]>;
}

/** Subscribes a new queue to a topic of the account at an endpoint. */
export async function openInbox(endpoint: string, topicArn: string, name: string): Promise<Inbox> {
  const sqs = new SQSClient(clientSettings(endpoint));
  const sns = new SNSClient(clientSettings(endpoint));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  await sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: "sqs",
      Endpoint: Attributes?.QueueArn,
      Attributes: { RawMessageDelivery: "true" },
    }),
  );
  return {
    async receive(seconds, signal) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: seconds }),
        signal && { abortSignal: signal },
      );
      for (const { ReceiptHandle } of Messages) {
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
      return Messages.map(({ Body }) => Body ?? "");
    },
  };
}
