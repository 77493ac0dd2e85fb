import * as z from "zod";
import { MessageUnreadableError } from "../errors.ts";
import { formatFirstIssue } from "../issues.ts";
import { RoleKey } from "../model/role.ts";
import { RollbackRequest } from "../model/rollback-request.ts";
import { transitionEvent } from "../model/transition.ts";

/** A message of the rollback queue. A hint says that something may have happened to a role, and nothing else. */
export type RollbackMessage = { readonly hint: RoleKey } | RollbackRequest;

const Hint = z.looseObject({
  source: z.literal(transitionEvent.source),
  "detail-type": z.literal(transitionEvent.detailType),
  detail: z.looseObject({ finding: z.looseObject({ role: RoleKey }) }),
});

const requestKeys = ["enrol", "changed", "continue", "observing", "retry"];

/**
 * Parses a message of the rollback queue: a request of the guard's functions, or the envelope of a transition, of which
 * only the role is used. Throws `MessageUnreadableError`.
 */
export function parseRollbackMessage(body: string): RollbackMessage {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new MessageUnreadableError("The message is not JSON.", { cause });
  }
  // EventBridge's envelope has fixed keys, so that no event can have one of these.
  const isRequest = typeof value === "object" && value !== null && requestKeys.some((key) => key in value);
  if (isRequest) return parse(RollbackRequest, value, "request");
  return { hint: parse(Hint, value, "transition's envelope").detail.finding.role };
}

function parse<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MessageUnreadableError(
    `The ${what} in the rollback queue cannot be read: ${formatFirstIssue(parsed.error, value)}`,
    { cause: parsed.error },
  );
}

/** Returns the message that carries a request. `parseRollbackMessage` parses it. */
export function formatRollbackRequest(request: RollbackRequest): string {
  return JSON.stringify(z.encode(RollbackRequest, request));
}
