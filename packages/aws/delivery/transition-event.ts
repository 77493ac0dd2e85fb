import { MessageUnreadableError } from "@drift-guard/core/errors";
import { Transition } from "@drift-guard/core/model/transition";
import * as z from "zod";

/** `source` of the guard's own events. */
export const eventSource = "drift-guard";
/** `detail-type` of an event that carries a transition. */
export const eventType = "Transition";

const Envelope = z.looseObject({
  source: z.literal(eventSource),
  "detail-type": z.literal(eventType),
  detail: Transition,
});

/** Reads a message that a rule of the guard's bus put into a queue. Throws `MessageUnreadableError`. */
export function parseTransitionEvent(body: string): Transition {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new MessageUnreadableError("The message is not JSON, so it holds no transition.", { cause });
  }
  const envelope = Envelope.safeParse(value);
  if (envelope.success) return envelope.data.detail;
  throw new MessageUnreadableError(
    `The message is no event of the guard's bus with a transition.\n${z.prettifyError(envelope.error)}`,
    { cause: envelope.error },
  );
}
