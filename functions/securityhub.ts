import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";

import { DeliveryError } from "@drift-guard/aws/delivery/delivery-error";
import { createFindingImporter } from "@drift-guard/aws/delivery/securityhub";

import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import type { Delivery, FindingStore } from "@drift-guard/core/ports";
import { formatAsff } from "@drift-guard/formats/asff";
import { importCurrentFindings } from "@drift-guard/guard/delivery/current-findings";
import { patience } from "./shared/client-settings.ts";
import { findDelivery } from "./shared/delivery.ts";
import { openFindings } from "./shared/findings.ts";
import { defineFunction, type Invocation } from "./shared/function.ts";
import { consumeQueue, readQueue } from "./shared/queue.ts";

const securityhub = new SecurityHubClient(patience);
const dynamodb = new DynamoDBClient(patience);

/** Imports the findings of a batch of transitions into Security Hub in one call, and marks what was delivered. */
export const handler = defineFunction("securityhub", async (event, invocation) => {
  const findings = openFindings(dynamodb, "securityhub");
  const awaited = new Map<string, Delivery>();
  for (const { messageId, body } of readQueue(event)) {
    const delivery = await tryFind(body, findings, invocation);
    if (delivery?.awaiting.includes("securityhub")) awaited.set(messageId, delivery);
  }
  const importer = createFindingImporter(securityhub, ({ transition, renewedAt }) =>
    formatAsff(transition, invocation.home, renewedAt),
  );
  const refused = await importCurrentFindings([...awaited.values()], { findings, importer });
  return consumeQueue(event, invocation, async ({ messageId, body }) => {
    const delivery = awaited.get(messageId);
    if (!delivery) {
      // One that cannot be read fails here; one that is told already, or by nobody, is done with.
      parseTransitionEvent(body);
      return;
    }
    const { transition } = delivery;
    const why = refused.get(transition.finding.id);
    if (why !== undefined) {
      throw new DeliveryError(`Security Hub did not take the finding ${transition.finding.id}: ${why}`);
    }
    await findings.markDelivered(transition, "securityhub");
  });
});

async function tryFind(
  body: string,
  findings: FindingStore,
  invocation: Invocation,
): Promise<Delivery | undefined> {
  try {
    return await findDelivery(body, findings, invocation);
  } catch (error) {
    // Told when its message is handled, and fails that message alone.
    if (error instanceof MessageUnreadableError) return undefined;
    throw error;
  }
}
