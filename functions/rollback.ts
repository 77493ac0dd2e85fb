import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { rollBack } from "@drift-guard/guard/rollback/rollback";
import { findDelivery } from "./shared/delivery.ts";
import { defineFunction } from "./shared/function.ts";
import { createGuardClients, openRollback } from "./shared/guard.ts";
import { consumeQueue } from "./shared/queue.ts";

const clients = createGuardClients();

/** Puts a role back where its owner asked for that: the only function that writes roles. */
export const handler = defineFunction("rollback", async (event, invocation) => {
  const { logger, metrics, home } = invocation;
  const { ports, settings } = openRollback(clients, home);
  return consumeQueue(event, invocation, async ({ body }) => {
    const delivery = await findDelivery(body, ports.findings, invocation);
    if (!delivery) return;
    const { transition } = delivery;
    const outcome = await rollBack(transition, ports, settings);
    logger.info("Considered a rollback", {
      transition: transition.id,
      role: transition.finding.role.name,
      status: outcome.status,
      ...(outcome.status === "nothing-to-do" && { why: outcome.why }),
      ...(outcome.status === "refused" && { why: outcome.reason }),
      ...((outcome.status === "done" || outcome.status === "failed") && { rollback: outcome.rollback.id }),
    });
    metrics.addMetric(`Rollback-${outcome.status}`, MetricUnit.Count, 1);
  });
});
