import { functionEnvironments } from "@drift-guard/core/config/environment";
import { alarmedMetrics } from "@drift-guard/core/config/metrics";
import { parseMessage } from "@drift-guard/core/intake/message";
import { whyForeign } from "@drift-guard/core/intake/origin";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { rememberReadings } from "@drift-guard/guard/inspect/recent-readings";
import { rememberClaims } from "@drift-guard/guard/inspect/symptom-claims";
import type { InspectPorts } from "@drift-guard/guard/ports";
import type { SQSBatchResponse } from "aws-lambda";
import { readEnvironment } from "./shared/environment.ts";
import { countForged } from "./shared/forged-items.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { describeGuard, type OpenedGuard } from "./shared/guard.ts";
import { createInspectClients, openInspection } from "./shared/inspection.ts";
import { openPostponement } from "./shared/postponement.ts";
import { consumeQueue, sentAtOf } from "./shared/queue.ts";

/**
 * Creates the handler of the changes queue: it inspects the roles that each change or recheck concerns. `open` returns
 * the ports for an invocation.
 */
export function createHandler(
  open: (location: FunctionLocation) => OpenedGuard<InspectPorts>,
): Handler<SQSBatchResponse> {
  // Also for the next invocations: a burst fills many.
  const readings = rememberReadings();
  return defineFunction("detect", async (event, invocation) => {
    const { logger, count, location } = invocation;
    const { ports: opened, settings, postpone } = open(location);
    const { symptoms } = opened;
    // Alike symptoms of one batch cost one write.
    const findings = countForged(opened.findings, invocation);
    const ports: InspectPorts = {
      ...opened,
      findings,
      readings,
      ...(symptoms && { symptoms: rememberClaims(symptoms) }),
    };
    return consumeQueue(
      event,
      invocation,
      async (received) => {
        const { messageId, body } = received;
        const message = parseMessage(body);
        const foreign = whyForeign(message, settings.account);
        if (foreign !== undefined) {
          logger.error(
            `Message ${messageId} was dropped: ${foreign}. The guard's rules deliver no such event: check who may send to this queue, and the rules that target it.`,
          );
          count(alarmedMetrics.detect, 1);
        } else if (message.kind === "irrelevant")
          logger.info(`Message ${messageId} concerns no role: ${message.why}.`);
        for (const { role, evidence, transitions } of await inspectMessage(
          message,
          ports,
          settings,
          sentAtOf(received),
        )) {
          logger.info("Inspected a role", {
            role: role.name,
            evidence: evidence.length,
            transitions: transitions.map(({ id, kind }) => `${kind} ${id}`),
          });
        }
      },
      postpone,
    );
  });
}

const clients = createInspectClients();

/** The handler that Lambda calls. */
export const handler = createHandler((location) => {
  const environment = readEnvironment(functionEnvironments.detect);
  return {
    ports: openInspection(clients, environment, location),
    settings: describeGuard(location, environment.GUARD_ROLE_ARN),
    postpone: openPostponement(environment.CHANGES_QUEUE_URL),
  };
});
