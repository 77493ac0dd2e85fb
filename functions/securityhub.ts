import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecurityHubClient } from "@aws-sdk/client-securityhub";
import { DeliveryError } from "@drift-guard/aws/delivery/delivery";
import { FindingsRefusedError, importFindings } from "@drift-guard/aws/delivery/securityhub";
import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import { printRoleKey } from "@drift-guard/core/model/role";
import type { Delivery, FindingStore } from "@drift-guard/core/ports";
import { formatAsff } from "@drift-guard/formats/asff";
import { patience } from "./shared/client-settings.ts";
import { findDelivery } from "./shared/delivery.ts";
import { openFindings } from "./shared/findings.ts";
import { defineFunction, type Home, type Invocation } from "./shared/function.ts";
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
  const refused = await importAll(await dropStale([...awaited.values()], findings), invocation.home);
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

/**
 * The transitions that still tell how their findings stand. Queues do not keep order, and an import overwrites: an older
 * one that comes late must not open again what a newer one has closed.
 */
async function dropStale(
  deliveries: readonly Delivery[],
  findings: FindingStore,
): Promise<readonly Delivery[]> {
  const newest = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const { id, seq } = delivery.transition.finding;
    if (seq > (newest.get(id)?.transition.finding.seq ?? 0)) newest.set(id, delivery);
  }
  const roles = new Map(
    [...newest.values()].map(({ transition: { finding } }) => [printRoleKey(finding.role), finding.role]),
  );
  const ledgers = await Promise.all([...roles.values()].map((role) => findings.load(role)));
  const stored = new Map(
    ledgers.flatMap((ledger) => ledger.findings.map(({ id, seq }) => [id, seq] as const)),
  );
  return [...newest.values()].filter(
    ({ transition: { finding } }) => finding.seq >= (stored.get(finding.id) ?? 0),
  );
}

/** Imports, and gives why Security Hub refused a finding, by the finding's id. */
async function importAll(deliveries: readonly Delivery[], home: Home): Promise<ReadonlyMap<string, string>> {
  const formatted = deliveries.map(({ transition, renewedAt }) => ({
    id: transition.finding.id,
    asff: formatAsff(transition, home, renewedAt),
  }));
  try {
    await importFindings(
      securityhub,
      formatted.map(({ asff }) => asff),
    );
    return new Map();
  } catch (error) {
    if (!(error instanceof FindingsRefusedError)) throw error;
    const ids = new Map(formatted.map(({ id, asff }) => [asff.Id, id]));
    // One that answers to no finding of the batch says nothing about which were imported.
    if (!error.refused.every(({ id }) => ids.has(id))) throw error;
    return new Map(error.refused.map(({ id, why }) => [ids.get(id) ?? id, why]));
  }
}

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
