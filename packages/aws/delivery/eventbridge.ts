import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from "@aws-sdk/client-eventbridge";
import { Transition, transitionEvent } from "@drift-guard/core/model/transition";
import type { Announcer } from "@drift-guard/core/ports";
import * as z from "zod";
import { DeliveryError, toDeliveryError } from "./delivery-error.ts";
import { jsonBytes, shortenTransition } from "./transition-size.ts";

// PutEvents takes 10 entries and 262,144 bytes. A queue behind the bus has the same limit for one message and needs room
// for the envelope, so one entry must stay below it.
const limits = { entries: 10, bytes: 256_000, detailBytes: 240_000 };

/**
 * Creates the announcer that puts transitions on the guard's own bus. It calls `events:PutEvents` with up to ten
 * transitions at a time and shortens a transition that is too large with `shortenTransition`. After all calls it throws
 * `DeliveryError`, which names the transitions that EventBridge did not accept.
 */
export function createAnnouncer(client: EventBridgeClient, bus: string): Announcer {
  return {
    async announce(transitions) {
      const failures: string[] = [];
      // A failed call does not stop the next ones: as many transitions as possible are delivered.
      for (const chunk of packChunks(transitions)) failures.push(...(await putChunk(client, bus, chunk)));
      if (failures.length === 0) return;
      throw new DeliveryError(
        `The bus ${bus} did not accept ${failures.length} of ${transitions.length} transitions: ` +
          `${failures.join("; ")}. The stream's retry and the next sweep send them again.`,
      );
    },
  };
}

/**
 * Puts one event on a bus (`events:PutEvents`). `what` names it in the error: "the first report"; `next` is a sentence on what
 * follows. An answer without an entry does not count as a success. Throws `DeliveryError`.
 */
export async function putEvent(
  client: EventBridgeClient,
  entry: PutEventsRequestEntry & { readonly EventBusName: string },
  { what, next }: { readonly what: string; readonly next: string },
): Promise<void> {
  const bus = `The bus ${entry.EventBusName}`;
  const { Entries: [answer] = [] } = await client
    .send(new PutEventsCommand({ Entries: [entry] }))
    .catch((error: unknown) => {
      throw toDeliveryError(bus, error, "events:PutEvents");
    });
  const why = explainRefusal(answer);
  if (why !== undefined) throw new DeliveryError(`${bus} did not accept ${what}: ${why}. ${next}`);
}

/** Returns why an entry was not accepted; undefined if it was. */
function explainRefusal(entry: PutEventsResultEntry | undefined): string | undefined {
  if (entry?.EventId && !entry.ErrorCode) return undefined;
  return `${entry?.ErrorCode ?? "no answer"} ${entry?.ErrorMessage ?? ""}`.trimEnd();
}

function packChunks(transitions: readonly Transition[]): readonly (readonly Transition[])[] {
  const chunks: Transition[][] = [];
  let bytes = 0;
  for (const transition of transitions) {
    const detail = shortenTransition(transition, limits.detailBytes);
    // EventBridge counts 14 bytes for the time of an entry.
    const size = jsonBytes(detail) + transitionEvent.source.length + transitionEvent.detailType.length + 14;
    const last = chunks.at(-1);
    if (last && last.length < limits.entries && bytes + size <= limits.bytes) {
      last.push(detail);
      bytes += size;
    } else {
      chunks.push([detail]);
      bytes = size;
    }
  }
  return chunks;
}

/** Puts one chunk. Returns the id of each transition that was not accepted, with the reason. */
async function putChunk(
  client: EventBridgeClient,
  bus: string,
  chunk: readonly Transition[],
): Promise<readonly string[]> {
  const entries: PutEventsRequestEntry[] = chunk.map((transition) => ({
    EventBusName: bus,
    Source: transitionEvent.source,
    DetailType: transitionEvent.detailType,
    Detail: JSON.stringify(z.encode(Transition, transition)),
    Time: new Date(transition.at),
  }));
  try {
    const answer = await client.send(new PutEventsCommand({ Entries: entries }));
    // An answer without an entry for a transition does not count as a success.
    return chunk.flatMap(({ id }, index) => {
      const why = explainRefusal(answer.Entries?.[index]);
      return why === undefined ? [] : [`${id}: ${why}`];
    });
  } catch (error) {
    const { message } = toDeliveryError(`The bus ${bus}`, error, "events:PutEvents");
    return chunk.map(({ id }) => `${id}: ${message}`);
  }
}
