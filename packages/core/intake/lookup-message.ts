import * as z from "zod";
import { MessageUnreadableError } from "../errors.ts";
import { formatFirstIssue } from "../issues.ts";
import { type LookupRequest, LookupRequestMessage } from "../model/lookup-request.ts";

/** Parses a message of the lookups queue. Throws `MessageUnreadableError`. */
export function parseLookupRequest(body: string): LookupRequest {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new MessageUnreadableError("The message is not JSON.", { cause });
  }
  const parsed = LookupRequestMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MessageUnreadableError(
    `The request in the lookups queue cannot be read: ${formatFirstIssue(parsed.error, value)}`,
    { cause: parsed.error },
  );
}

/** Returns the message that carries a request. `parseLookupRequest` parses it. */
export function formatLookupRequest(request: LookupRequest): string {
  return JSON.stringify(z.encode(LookupRequestMessage, request));
}
