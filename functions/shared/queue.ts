import type { createPostponement } from "@drift-guard/aws/delivery/sqs";
import { pauseAfter } from "@drift-guard/core/config/retries";
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

const ApproximateReceiveCount = z
  .string()
  .regex(/^\d{1,6}$/)
  .optional()
  .catch(undefined);

// A person may invoke a function with a message that no queue delivered: then it has neither handle nor queue.
const text = z.string().optional().catch(undefined);

const QueueEvent = z.looseObject({
  Records: z.array(
    z.looseObject({
      messageId: z.string(),
      body: z.string(),
      receiptHandle: text,
      eventSourceARN: text,
      attributes: z.looseObject({ SentTimestamp, ApproximateReceiveCount }).optional().catch(undefined),
    }),
  ),
});

type QueueRecord = z.infer<typeof QueueEvent>["Records"][number];

/** Has a received message received again after some seconds, in place of the rest of its visibility timeout. */
export type Postpone = ReturnType<typeof createPostponement>;

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
 * after ten times moves them to the dead-letter queue. A message fails if `handle` throws, or if less than 10 seconds
 * of the function's time are left.
 *
 * With `postpone`, a failed message is received again after a pause that grows from 5 seconds to 10 minutes
 * (core/config/retries), and one that there was no time for at once; without it, after the queue's visibility timeout.
 * Throws `MessageUnreadableError` where the event is not an SQS event.
 */
export async function consumeQueue(
  event: unknown,
  { context, logger }: Pick<Invocation, "context" | "logger">,
  handle: (message: QueueMessage) => Promise<void>,
  postpone?: Postpone,
): Promise<SQSBatchResponse> {
  const failed: { readonly record: QueueRecord; readonly seconds: number }[] = [];
  const giveBack = (record: QueueRecord, failure: Error, seconds: number) => {
    failed.push({ record, seconds });
    logger.error(`Message ${record.messageId} failed and returns to its queue.`, failure);
  };
  // Not in parallel: messages of one burst often concern one role, and would conflict on its ledger.
  for (const record of parseQueue(event).Records) {
    // If Lambda stopped the function, SQS would deliver the messages already handled again too.
    if (context.getRemainingTimeInMillis() < reserveMs) {
      giveBack(record, new OutOfTimeError("The messages before it used up the function's time."), 0);
      continue;
    }
    try {
      await handle(record);
    } catch (error) {
      giveBack(record, toError(error), pauseAfter(Number(record.attributes?.ApproximateReceiveCount ?? 1)));
    }
  }
  await Promise.all(
    failed.map(async ({ record: { messageId, receiptHandle, eventSourceARN: queueArn }, seconds }) => {
      if (receiptHandle === undefined || queueArn === undefined) return;
      try {
        await postpone?.({ receiptHandle, queueArn }, seconds);
      } catch (error) {
        const why = `Message ${messageId} returns only after the visibility timeout of its queue.`;
        logger.warn(why, toError(error));
      }
    }),
  );
  return { batchItemFailures: failed.map(({ record }) => ({ itemIdentifier: record.messageId })) };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function parseQueue(event: unknown): z.infer<typeof QueueEvent> {
  const parsed = QueueEvent.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new MessageUnreadableError(
    `The function was invoked with something other than an SQS event. Only its queue may invoke it.\n${formatIssues(parsed.error, event)}`,
    { cause: parsed.error },
  );
}
