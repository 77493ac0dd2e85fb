import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import { Transition, transitionEvent } from "@drift-guard/core/model/transition";
import * as z from "zod";

const Envelope = z.looseObject({
  source: z.literal(transitionEvent.source),
  "detail-type": z.literal(transitionEvent.detailType),
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
    `The message is not a transition event of the guard's bus.\n${formatIssues(envelope.error, value)}`,
    { cause: envelope.error },
  );
}
