import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from "@aws-sdk/client-eventbridge";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Announcer } from "@drift-guard/core/ports";
import { DeliveryError, toDeliveryError } from "./delivery-error.ts";
import { eventSource, eventType } from "./transition-event.ts";
import { jsonBytes, shortenTransition } from "./transition-size.ts";

// PutEvents takes ten entries and 262,144 bytes; one that fills it would not pass the queues behind the bus, whose
// messages have the same limit and carry the envelope too.
const largest = { entries: 10, bytes: 256_000, detail: 240_000 };

/** Tells transitions to the guard's own bus; one that is too large goes as `slimTransition` leaves it. */
export function createAnnouncer(client: EventBridgeClient, bus: string): Announcer {
  return {
    async announce(transitions) {
      const untold: string[] = [];
      // Each call is made, also after one that failed: what can be told is told.
      for (const chunk of packChunks(transitions)) untold.push(...(await put(client, bus, chunk)));
      if (untold.length === 0) return;
      throw new DeliveryError(
        `The bus ${bus} did not take ${untold.length} of ${transitions.length} transitions: ${untold.join("; ")}. ` +
          "They are told again by the stream's retry, and by the sweep.",
      );
    },
  };
}

function packChunks(transitions: readonly Transition[]): readonly (readonly Transition[])[] {
  const chunks: Transition[][] = [];
  let bytes = 0;
  for (const transition of transitions) {
    const slim = shortenTransition(transition, largest.detail);
    const size = jsonBytes(slim) + eventSource.length + eventType.length + 14;
    const last = chunks.at(-1);
    if (last && last.length < largest.entries && bytes + size <= largest.bytes) {
      last.push(slim);
      bytes += size;
    } else {
      chunks.push([slim]);
      bytes = size;
    }
  }
  return chunks;
}

/** Puts one call's worth, and gives for each that was not taken its id and why. */
async function put(
  client: EventBridgeClient,
  bus: string,
  chunk: readonly Transition[],
): Promise<readonly string[]> {
  const entries: PutEventsRequestEntry[] = chunk.map((transition) => ({
    EventBusName: bus,
    Source: eventSource,
    DetailType: eventType,
    Detail: JSON.stringify(transition),
    Time: new Date(transition.at),
  }));
  try {
    const answer = await client.send(new PutEventsCommand({ Entries: entries }));
    // An answer that does not speak of every entry is not taken for a success.
    return chunk.flatMap(({ id }, index) => {
      const entry = answer.Entries?.[index];
      if (entry?.EventId && !entry.ErrorCode) return [];
      return [`${id}: ${entry?.ErrorCode ?? "no answer"} ${entry?.ErrorMessage ?? ""}`.trimEnd()];
    });
  } catch (error) {
    const { message } = toDeliveryError(`The bus ${bus}`, error, "events:PutEvents");
    return chunk.map(({ id }) => `${id}: ${message}`);
  }
}
