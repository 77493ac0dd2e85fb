import { randomUUID } from "node:crypto";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createRollbackQueue } from "@drift-guard/aws/delivery/sqs";
import { createManagedPolicyReader } from "@drift-guard/aws/iam/live-policy";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { parseRollbackMessage } from "@drift-guard/core/intake/rollback-message";
import type { RollbackPorts } from "@drift-guard/guard/ports";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import type { SQSBatchResponse } from "aws-lambda";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { readEnvironment } from "./shared/environment.ts";
import { countForged } from "./shared/forged-items.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { createGuardClients, describeGuard, type OpenedGuard, openGuard } from "./shared/guard.ts";
import { openPostponement } from "./shared/postponement.ts";
import { consumeQueue } from "./shared/queue.ts";

/**
 * Creates the handler of the rollback queue: it rolls drift back where the owner asked for it, and is the only function
 * that writes roles. `open` returns the ports for an invocation.
 */
export function createHandler(
  open: (location: FunctionLocation) => OpenedGuard<RollbackPorts>,
): Handler<SQSBatchResponse> {
  return defineFunction("rollback", async (event, invocation) => {
    const { context, logger, location } = invocation;
    const opened = open(location);
    const ports: RollbackPorts = {
      ...opened.ports,
      findings: countForged(opened.ports.findings, invocation),
      timeLeft: () => context.getRemainingTimeInMillis(),
    };
    // Lambda names a function's session of its role after the function.
    const settings = { session: context.functionName, ...opened.settings };
    return consumeQueue(
      event,
      invocation,
      async ({ messageId, body }) => {
        const outcome = await handleRollbackMessage(parseRollbackMessage(body), ports, settings);
        logger.info("Considered a rollback", {
          messageId,
          status: outcome.status,
          ...(outcome.status === "nothing-to-do" && { why: outcome.why }),
          ...(outcome.status === "refused" && { why: outcome.reason }),
          ...("rollback" in outcome && {
            rollback: outcome.rollback.id,
            role: outcome.rollback.plan.role,
          }),
        });
      },
      opened.postpone,
    );
  });
}

const clients = createGuardClients();
const writer = createRoleWriter(clients.iam);
const policies = createManagedPolicyReader(clients.iam);
const sqs = new SQSClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler((location) => {
  const environment = readEnvironment(functionEnvironments.rollback);
  return {
    ports: {
      ...openGuard(clients, environment, location),
      requests: createRollbackQueue(sqs, environment.ROLLBACK_QUEUE_URL),
      policies,
      writer,
      newId: randomUUID,
    },
    settings: describeGuard(location),
    postpone: openPostponement(environment.ROLLBACK_QUEUE_URL),
  };
});
