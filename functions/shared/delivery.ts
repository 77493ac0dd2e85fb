import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import type { Delivery, FindingStore } from "@drift-guard/core/ports";
import type { Invocation } from "./function.ts";

/**
 * The transition that a message of the guard's bus tells, as it is stored. A message may come again, and be put there by
 * whoever may put events on the bus: one of a transition that nobody committed is logged, counted and dropped, which
 * `undefined` says. Throws `MessageUnreadableError`, `StoreUnavailableError`.
 */
export async function findDelivery(
  body: string,
  findings: Pick<FindingStore, "findDelivery">,
  { logger, metrics }: Pick<Invocation, "logger" | "metrics">,
): Promise<Delivery | undefined> {
  const told = parseTransitionEvent(body);
  const delivery = await findings.findDelivery(told);
  if (delivery) return delivery;
  logger.error(
    "A message tells a transition that the findings table does not hold, so nothing was done for it. If it was not " +
      "made before the table was restored, somebody else puts events on the guard's bus: look who may call events:PutEvents.",
    { transition: told.id, role: told.finding.role },
  );
  metrics.addMetric("ForgedTransitions", MetricUnit.Count, 1);
  return undefined;
}
