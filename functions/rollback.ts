import { randomUUID } from "node:crypto";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import type { FindingStore } from "@drift-guard/core/ports";
import type { RollbackPorts } from "@drift-guard/guard/ports";
import { rollBack } from "@drift-guard/guard/rollback/rollback";
import type { SQSBatchResponse } from "aws-lambda";
import { findStoredDelivery } from "./shared/delivery.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { createGuardClients, describeGuard, type OpenedGuard, openGuard } from "./shared/guard.ts";
import { consumeQueue } from "./shared/queue.ts";

/** The ports of a rollback, and the store's look-up of transitions. */
export interface RollbackFunctionPorts extends RollbackPorts {
  readonly findings: RollbackPorts["findings"] & Pick<FindingStore, "findDelivery">;
}

/**
 * Creates the handler of the rollback queue: it rolls drift back where the owner asked for it, and is the only function
 * that writes roles. `open` returns the ports for an invocation.
 */
export function createHandler(
  open: (location: FunctionLocation) => OpenedGuard<RollbackFunctionPorts>,
): Handler<SQSBatchResponse> {
  return defineFunction("rollback", async (event, invocation) => {
    const { logger, metrics, location } = invocation;
    const { ports, settings } = open(location);
    return consumeQueue(event, invocation, async ({ body }) => {
      const delivery = await findStoredDelivery(body, ports.findings, invocation);
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
}

const clients = createGuardClients();
const writer = createRoleWriter(clients.iam);

/** The handler that Lambda calls. */
export const handler = createHandler((location) => {
  const environment = readEnvironment(functionEnvironments.rollback);
  return {
    ports: { ...openGuard(clients, environment, location), writer, newId: randomUUID },
    settings: describeGuard(location),
  };
});
