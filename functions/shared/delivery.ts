import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { alarmedMetrics } from "@drift-guard/core/config/metrics";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import { instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { Delivery, FindingStore, Sink } from "@drift-guard/core/ports";
import { transitionDays } from "@drift-guard/core/store/ledger-items";
import type { Invocation } from "./function.ts";
import type { QueueMessage } from "./queue.ts";

/** A message names a transition that the findings table does not hold. It stays in its queue. */
class TransitionMissingError extends Error {
  override readonly name = "TransitionMissingError";
}

/** What the messages of a sink's queue ask for. */
export interface AwaitedDeliveries {
  /** The stored transitions that still await the sink, by message id. */
  readonly awaited: ReadonlyMap<string, Delivery>;
  /**
   * Ends a message that is not in `awaited`. Throws `MessageUnreadableError` if it cannot be read, and
   * `TransitionMissingError` if its transition is missing; any other was delivered before.
   */
  end(message: QueueMessage): void;
}

/**
 * Finds the stored transitions that messages name. Anyone who may put events on the guard's bus can send a message, so that
 * only the store decides what is delivered. A transition that is missing there is counted in the metric
 * `TransitionsMissing`, unless it is so old that it has expired. Throws `StoreUnavailableError`.
 */
export async function findAwaited(
  messages: readonly QueueMessage[],
  sink: Sink,
  findings: Pick<FindingStore, "findDelivery">,
  { logger, count }: Pick<Invocation, "logger" | "count">,
): Promise<AwaitedDeliveries> {
  const awaited = new Map<string, Delivery>();
  const missing = new Map<string, string>();
  for (const { messageId, body } of messages) {
    try {
      const claimed = parseTransitionEvent(body);
      const delivery = await findings.findDelivery(claimed);
      if (delivery?.awaiting.includes(sink)) awaited.set(messageId, delivery);
      if (delivery) continue;
      const { id, at, finding } = claimed;
      const days = millisecondsBetween(at, instantOf(new Date())) / 86_400_000;
      if (days > transitionDays) {
        logger.warn("The transition of a message has expired, so it is not delivered.", {
          transition: id,
          at,
        });
        continue;
      }
      missing.set(messageId, id);
      reportMissing({ transition: id, role: finding.role.name }, sink, { logger, count });
    } catch (error) {
      // Its own handling fails, and no other's.
      if (!(error instanceof MessageUnreadableError)) throw error;
    }
  }
  return {
    awaited,
    end: ({ messageId, body }) => {
      parseTransitionEvent(body);
      const id = missing.get(messageId);
      if (id === undefined) return;
      throw new TransitionMissingError(
        `The findings table does not hold the transition ${id}, so nothing was delivered. If the table was restored, the ` +
          "transition is newer than the backup. If not, somebody deleted it, or puts events on the guard's bus: check who " +
          "wrote the table, and who may call events:PutEvents.",
      );
    },
  };
}

/** Logs, and counts in the sink's metric of missing transitions, that one is missing in the table or cannot be read there. */
export function reportMissing(
  missing: { readonly transition: string; readonly role: string },
  sink: Sink,
  { logger, count }: Pick<Invocation, "logger" | "count">,
): void {
  count(alarmedMetrics[sink], 1);
  logger.error(
    "The findings table does not hold the transition of a message, or it cannot be read.",
    missing,
  );
}
