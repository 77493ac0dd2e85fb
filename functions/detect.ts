import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { parseMessage } from "@drift-guard/core/intake/message";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { defineFunction } from "./shared/function.ts";
import { createInspectClients, openInspection } from "./shared/guard.ts";
import { consumeQueue } from "./shared/queue.ts";
import { openResources } from "./shared/resources.ts";

const clients = createInspectClients();

/** Looks at the roles that a change or a recheck concerns, told by the changes queue. */
export const handler = defineFunction("detect", async (event, invocation) => {
  const { logger, metrics, home } = invocation;
  const { ports: own, settings } = openInspection(clients, home);
  const ports = { ...own, resources: openResources(home) };
  return consumeQueue(event, invocation, async ({ messageId, body }) => {
    const message = parseMessage(body);
    if (message.kind === "irrelevant") logger.info(`Message ${messageId} concerns no role: ${message.why}.`);
    for (const { role, evidence, transitions } of await inspectMessage(message, ports, settings)) {
      logger.info("Looked at a role", {
        role: role.name,
        evidence: evidence.length,
        transitions: transitions.map(({ id, kind }) => `${kind} ${id}`),
      });
      metrics.addMetric("Inspections", MetricUnit.Count, 1);
      metrics.addMetric("Transitions", MetricUnit.Count, transitions.length);
    }
  });
});
