import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { formatLookupRequest } from "@drift-guard/core/intake/lookup-message";
import { formatRecheck } from "@drift-guard/core/intake/message";
import { jointNoticeRequest } from "@drift-guard/core/intake/notice-message";
import { formatRollbackRequest } from "@drift-guard/core/intake/rollback-message";
import type { LookupQueue, NoticeQueue, RecheckQueue, RollbackQueue } from "@drift-guard/core/ports";
import { toDeliveryError } from "./delivery-error.ts";

// docs/aws-facts.md, "DynamoDB, SQS and Lambda".
const maxDelaySeconds = 900;

/**
 * Creates the queue of rechecks over the changes queue: each recheck is a delayed message (`sqs:SendMessage`). A delay of
 * more than 900 seconds, the longest that SQS offers, becomes 900 seconds. Throws `DeliveryError`.
 */
export function createRecheckQueue(client: SQSClient, queueUrl: string): RecheckQueue {
  return {
    schedule: (recheck, afterSeconds) => sendDelayed(client, queueUrl, formatRecheck(recheck), afterSeconds),
  };
}

/**
 * Creates the queue of requests to rollback (`sqs:SendMessage`), with the same limit on the delay. Throws `DeliveryError`.
 */
export function createRollbackQueue(client: SQSClient, queueUrl: string): RollbackQueue {
  return {
    send: (request, afterSeconds) =>
      sendDelayed(client, queueUrl, formatRollbackRequest(request), afterSeconds),
  };
}

/**
 * Creates the queue of requests for the joint message about transitions that wait, over the notify queue
 * (`sqs:SendMessage`), with the same limit on the delay. Throws `DeliveryError`.
 */
export function createNoticeQueue(client: SQSClient, queueUrl: string): NoticeQueue {
  return {
    requestJointNotice: (afterSeconds) => sendDelayed(client, queueUrl, jointNoticeRequest, afterSeconds),
  };
}

/** Creates the queue of requests for lookups (`sqs:SendMessage`), with the same limit on the delay. Throws `DeliveryError`. */
export function createLookupQueue(client: SQSClient, queueUrl: string): LookupQueue {
  return {
    send: (request, afterSeconds) =>
      sendDelayed(client, queueUrl, formatLookupRequest(request), afterSeconds),
  };
}

/** A message as Lambda received it from a queue. */
export interface ReceivedMessage {
  /** ARN of the queue. */
  readonly queueArn: string;
  readonly receiptHandle: string;
}

/**
 * Creates the function that has a received message of the queue received again after `seconds`, in place of the rest of its
 * visibility timeout (`sqs:ChangeMessageVisibility`). It does nothing with a message of another queue. Throws
 * `DeliveryError`.
 */
export function createPostponement(
  client: SQSClient,
  queueUrl: string,
): (message: ReceivedMessage, seconds: number) => Promise<void> {
  const name = queueUrl.split("/").at(-1);
  return async ({ queueArn, receiptHandle: ReceiptHandle }, VisibilityTimeout) => {
    if (queueArn.split(":").at(-1) !== name) return;
    try {
      await client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout }),
      );
    } catch (error) {
      throw toDeliveryError(`The queue ${queueUrl}`, error, "sqs:ChangeMessageVisibility");
    }
  };
}

async function sendDelayed(
  client: SQSClient,
  QueueUrl: string,
  MessageBody: string,
  afterSeconds: number,
): Promise<void> {
  const DelaySeconds = Math.min(Math.max(Math.ceil(afterSeconds), 0), maxDelaySeconds);
  try {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));
  } catch (error) {
    throw toDeliveryError(`The queue ${QueueUrl}`, error, "sqs:SendMessage");
  }
}
