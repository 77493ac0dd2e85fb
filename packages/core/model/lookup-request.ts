import * as z from "zod";
import { Instant } from "./instant.ts";

/** A request to look up in CloudTrail what no event told about a role's findings. */
export interface LookupRequest {
  /** The role's name. */
  readonly role: string;
  /** When the first of these lookups was requested; CloudTrail shows a call some minutes after it. */
  readonly began: Instant;
}

const LookupMessage = z.object({
  lookup: z.string().regex(/^[\w+=,.@-]{1,64}$/),
  began: Instant,
});

/** A request as a message of the lookups queue: `{"lookup": ROLE, "began": TIME}`. */
export const LookupRequestMessage = z.codec(LookupMessage, z.custom<LookupRequest>(), {
  decode: ({ lookup, began }): LookupRequest => ({ role: lookup, began }),
  encode: ({ role, began }) => ({ lookup: role, began }),
});
