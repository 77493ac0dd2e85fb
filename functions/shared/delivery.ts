import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { alarmedMetrics } from "@drift-guard/core/config/metrics";
import type { Delivery, FindingStore } from "@drift-guard/core/ports";
import type { Invocation } from "./function.ts";

/**
 * Returns the stored transition that a message from the guard's bus names, and the sinks that still await it. Returns
 * undefined, logs an error and counts the metric `ForgedTransitions` where the store has no such transition: anyone who
 * may put events on the bus can send a message, so only the store decides what is delivered. Throws
 * `MessageUnreadableError`, `StoreUnavailableError`.
 */
export async function findStoredDelivery(
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
