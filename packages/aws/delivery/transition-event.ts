import { MessageUnreadableError } from "@drift-guard/core/errors";
import { Transition } from "@drift-guard/core/model/transition";
import * as z from "zod";

/** `source` of the events on the guard's own bus. */
export const eventSource = "drift-guard";
/** `detail-type` of an event that carries a transition. */
export const eventType = "Transition";

const Envelope = z.looseObject({
  source: z.literal(eventSource),
  "detail-type": z.literal(eventType),
  detail: Transition,
});

/** Parses the body of a queue message that a rule of the guard's bus delivered. Throws `MessageUnreadableError`. */
export function parseTransitionEvent(body: string): Transition {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new MessageUnreadableError("The message is not JSON, so it contains no transition.", { cause });
  }
  const envelope = Envelope.safeParse(value);
  if (envelope.success) return envelope.data.detail;
  throw new MessageUnreadableError(
    `The message is not a transition event of the guard's bus.\n${z.prettifyError(envelope.error)}`,
    { cause: envelope.error },
  );
}
