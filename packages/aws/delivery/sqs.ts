import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { printRecheck } from "@drift-guard/core/intake/message";
import type { RecheckQueue } from "@drift-guard/core/ports";
import { toDeliveryError } from "./delivery-error.ts";

// The longest that SQS holds a message back.
const longestDelaySeconds = 900;

/** Asks for rechecks through the changes queue, which holds each back until it is time. Throws `DeliveryError`. */
export function createRecheckQueue(client: SQSClient, queueUrl: string): RecheckQueue {
  return {
    async schedule(recheck, afterSeconds) {
      try {
        await client.send(
          new SendMessageCommand({
            QueueUrl: queueUrl,
            MessageBody: printRecheck(recheck),
            DelaySeconds: Math.min(Math.max(Math.ceil(afterSeconds), 0), longestDelaySeconds),
          }),
        );
      } catch (error) {
        throw toDeliveryError(`The queue ${queueUrl}`, error, "sqs:SendMessage");
      }
    },
  };
}
