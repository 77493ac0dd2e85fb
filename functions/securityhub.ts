import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";

import { DeliveryError } from "@drift-guard/aws/delivery/delivery-error";
import { createFindingImporter } from "@drift-guard/aws/delivery/securityhub";

import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import type { FindingImporter, FindingStore } from "@drift-guard/core/ports";
import { formatAsff } from "@drift-guard/formats/asff";
import { importCurrentFindings } from "@drift-guard/guard/delivery/current-findings";
import type { SQSBatchResponse } from "aws-lambda";
import { announce } from "./shared/announcement.ts";
import { sdkClientSettings } from "./shared/client-settings.ts";
import { configuration } from "./shared/configuration.ts";
import { findAwaited } from "./shared/delivery.ts";
import { readEnvironment } from "./shared/environment.ts";
import { defineFunction, type FunctionLocation, type Handler } from "./shared/function.ts";
import { consumeQueue, readQueue } from "./shared/queue.ts";

/** The ports that the import into Security Hub works with. */
export interface SecurityHubPorts {
  readonly findings: Pick<FindingStore, "load" | "findDelivery" | "markDelivered">;
  readonly importer: FindingImporter;
}

/**
 * Creates the handler of the Security Hub queue: it imports the findings of a batch of transitions in as few calls as
 * possible, and marks the transitions as delivered. `open` returns the ports for an invocation.
 */
export function createHandler(
  open: (location: FunctionLocation, functionName: string) => SecurityHubPorts,
): Handler<SQSBatchResponse> {
  return defineFunction("securityhub", async (event, invocation) => {
    const { findings, importer } = open(invocation.location, invocation.context.functionName);
    const awaited = await findAwaited(readQueue(event), "securityhub", findings, invocation);
    const refused = await importCurrentFindings([...awaited.values()], { findings, importer });
    return consumeQueue(event, invocation, async ({ messageId, body }) => {
      const delivery = awaited.get(messageId);
      if (!delivery) {
        // An unreadable message fails here. Any other was delivered before, or is not in the store.
        parseTransitionEvent(body);
        return;
      }
      const { transition } = delivery;
      const why = refused.get(transition.finding.id);
      if (why !== undefined) {
        throw new DeliveryError(`Security Hub refused the finding ${transition.finding.id}: ${why}`);
      }
      await findings.markDelivered(transition, "securityhub");
    });
  });
}

const securityhub = new SecurityHubClient(sdkClientSettings);
const dynamodb = new DynamoDBClient(sdkClientSettings);

/** The handler that Lambda calls. */
export const handler = createHandler((location, functionName) => {
  const { FINDINGS_TABLE, CONTROL_TABLE } = readEnvironment(functionEnvironments.securityhub);
  const ports = {
    control: createControlStore(dynamodb, { table: CONTROL_TABLE }),
    config: configuration,
    now: () => new Date(),
  };
  return {
    findings: createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks: ["securityhub"] }),
    importer: createFindingImporter(securityhub, async ({ transition, renewedAt }) =>
      formatAsff(await announce(transition, ports, [functionName, "securityhub"]), location, renewedAt),
    ),
  };
});
