import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { formatRecheck } from "@drift-guard/core/intake/message";
import type { RecheckQueue } from "@drift-guard/core/ports";
import { toDeliveryError } from "./delivery-error.ts";

// docs/aws-facts.md, "DynamoDB, SQS and Lambda".
const maxDelaySeconds = 900;

/**
 * Creates the queue of rechecks over the changes queue: each recheck is a delayed message (`sqs:SendMessage`). A delay of
 * more than 900 seconds, the longest that SQS offers, becomes 900 seconds. Throws `DeliveryError`.
 */
export function createRecheckQueue(client: SQSClient, queueUrl: string): RecheckQueue {
  return {
    async schedule(recheck, afterSeconds) {
      try {
        await client.send(
          new SendMessageCommand({
            QueueUrl: queueUrl,
            MessageBody: formatRecheck(recheck),
            DelaySeconds: Math.min(Math.max(Math.ceil(afterSeconds), 0), maxDelaySeconds),
          }),
        );
      } catch (error) {
        throw toDeliveryError(`The queue ${queueUrl}`, error, "sqs:SendMessage");
      }
    },
  };
}
