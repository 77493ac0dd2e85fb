import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { SQSBatchResponse } from "aws-lambda";
import * as z from "zod";
import type { Invocation } from "./function.ts";

// Milliseconds since 1970. One that is not understood is left out: the message is handled as one that did not wait.
const SentTimestamp = z
  .string()
  .regex(/^\d{13}$/)
  .optional()
  .catch(undefined);

const QueueEvent = z.looseObject({
  Records: z.array(
    z.looseObject({
      messageId: z.string(),
      body: z.string(),
      attributes: z.looseObject({ SentTimestamp }).optional().catch(undefined),
    }),
  ),
});

// A message is begun only while this much of the function's time is left.
const reserveMs = 10_000;

/** The function had too little time left to begin with a message. */
class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";
}

/** One message that a queue delivered. */
export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes?: { readonly SentTimestamp?: string | undefined } | undefined;
}

/** Returns when a message was sent to its queue; undefined if the queue does not say. */
export function sentAtOf({ attributes }: QueueMessage): Instant | undefined {
  const sent = attributes?.SentTimestamp;
  return sent === undefined ? undefined : instantOf(new Date(Number(sent)));
}

/** Returns the messages of an SQS event. Throws `MessageUnreadableError` where the event is not an SQS event. */
export function readQueue(event: unknown): readonly QueueMessage[] {
  return parseQueue(event).Records;
}

/**
 * Handles the messages of an SQS event one after another, and returns the failed ones: SQS delivers those again, and
 * after five times moves them to the dead-letter queue. A message fails if `handle` throws, or if less than 10 seconds
 * of the function's time are left. Throws `MessageUnreadableError` where the event is not an SQS event.
 */
export async function consumeQueue(
  event: unknown,
  { context, logger }: Pick<Invocation, "context" | "logger">,
  handle: (message: QueueMessage) => Promise<void>,
): Promise<SQSBatchResponse> {
  const handleOrLog = async (message: QueueMessage) => {
    try {
      if (context.getRemainingTimeInMillis() < reserveMs) {
        // If Lambda stopped the function, SQS would deliver the messages already handled again too.
        throw new OutOfTimeError("The messages before it used up the function's time.");
      }
      await handle(message);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      logger.error(`Message ${message.messageId} failed and returns to its queue.`, failure);
      throw failure;
    }
  };
  const queue = parseQueue(event);
  // Not in parallel: messages of one burst often concern one role, and would conflict on its ledger.
  const options = { context, processInParallel: false, throwOnFullBatchFailure: false };
  const silent = { debug: () => {}, error: () => {}, warn: () => {} };
  const processor = new BatchProcessor(EventType.SQS, { logger: silent });
  return processPartialResponse(queue, handleOrLog, processor, options);
}

function parseQueue(event: unknown): z.infer<typeof QueueEvent> {
  const parsed = QueueEvent.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new MessageUnreadableError(
    `The function was invoked with something other than an SQS event. Only its queue may invoke it.\n${formatIssues(parsed.error, event)}`,
    { cause: parsed.error },
  );
}
