import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { alarmedMetrics } from "@drift-guard/core/config/metrics";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import type { Delivery, FindingStore, Sink } from "@drift-guard/core/ports";
import type { Invocation } from "./function.ts";
import type { QueueMessage } from "./queue.ts";

/**
 * Returns the stored transition that a message from the guard's bus names, and the sinks that still await it. Returns
 * undefined, logs an error and counts the metric `ForgedTransitions` where the store has no such transition: anyone who
 * may put events on the bus can send a message, so only the store decides what is delivered. Throws
 * `MessageUnreadableError`, `StoreUnavailableError`.
 */
async function findStoredDelivery(
  body: string,
  findings: Pick<FindingStore, "findDelivery">,
  { logger, metrics }: Pick<Invocation, "logger" | "metrics">,
): Promise<Delivery | undefined> {
  const claimed = parseTransitionEvent(body);
  const delivery = await findings.findDelivery(claimed);
  if (delivery) return delivery;
  logger.error(
    "The findings table does not hold the transition of this message, so the message was dropped. If the table was " +
      "restored, the transition may be newer than the backup. If not, someone else puts events on the guard's bus: " +
      "check who may call events:PutEvents.",
    { transition: claimed.id, role: claimed.finding.role },
  );
  metrics.addMetric(alarmedMetrics.notify, MetricUnit.Count, 1);
  return undefined;
}

/**
 * Returns the stored transitions that messages name and that still await a sink, by message id. A message that cannot be
 * read is left out: its own handling fails, and no other's. Throws `StoreUnavailableError`.
 */
export async function findAwaited(
  messages: readonly QueueMessage[],
  sink: Sink,
  findings: Pick<FindingStore, "findDelivery">,
  invocation: Pick<Invocation, "logger" | "metrics">,
): Promise<ReadonlyMap<string, Delivery>> {
  const awaited = new Map<string, Delivery>();
  for (const { messageId, body } of messages) {
    try {
      const delivery = await findStoredDelivery(body, findings, invocation);
      if (delivery?.awaiting.includes(sink)) awaited.set(messageId, delivery);
    } catch (error) {
      if (!(error instanceof MessageUnreadableError)) throw error;
    }
  }
  return awaited;
}
