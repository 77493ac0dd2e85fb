import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import type { SQSBatchResponse } from "aws-lambda";
import * as z from "zod";
import type { Invocation } from "./function.ts";

const QueueEvent = z.looseObject({
  Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })),
});

// Left for the message at hand when no other is begun.
const reserveMs = 10_000;

/** Too little of the function's time is left to begin with a message; its queue gives it again. */
class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";
}

/** One message that a queue delivered. */
export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
}

/** The messages of an SQS event. Throws `MessageUnreadableError` where the event is no such thing. */
export function readQueue(event: unknown): readonly QueueMessage[] {
  return parseQueue(event).Records;
}

/**
 * Handles each message of an SQS event, one after the other, and answers with those that failed: the queue gives them
 * again, and at last keeps them for a person. One that cannot be read fails like any other, so that it is not lost.
 */
export async function consumeQueue(
  event: unknown,
  { context, logger, metrics }: Invocation,
  handle: (message: QueueMessage) => Promise<void>,
): Promise<SQSBatchResponse> {
  const handleAndTell = async (message: QueueMessage) => {
    try {
      if (context.getRemainingTimeInMillis() < reserveMs) {
        // What is done by now is done; a function that is cut off would have to do all of it again.
        throw new OutOfTimeError("The messages before it took the function's time.");
      }
      await handle(message);
    } catch (error) {
      const told = error instanceof Error ? error : new Error(String(error));
      logger.error(`Message ${message.messageId} failed and goes back to its queue.`, told);
      throw told;
    }
  };
  const queue = parseQueue(event);
  // Messages of one burst often concern one role: side by side they would only race for its ledger.
  const options = { context, processInParallel: false, throwOnFullBatchFailure: false };
  const quiet = { debug: () => {}, error: () => {}, warn: () => {} };
  const processor = new BatchProcessor(EventType.SQS, { logger: quiet });
  const answer = await processPartialResponse(queue, handleAndTell, processor, options);
  metrics.addMetric("Messages", MetricUnit.Count, queue.Records.length);
  metrics.addMetric("MessagesFailed", MetricUnit.Count, answer.batchItemFailures.length);
  return answer;
}

function parseQueue(event: unknown): z.infer<typeof QueueEvent> {
  const parsed = QueueEvent.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new MessageUnreadableError(
    `The function was invoked with something that is no SQS event. Only its queue may invoke it.\n${z.prettifyError(parsed.error)}`,
    { cause: parsed.error },
  );
}
