import * as z from "zod";
import { Instant } from "./instant.ts";

/** The stored claim of one event on the symptoms of a key. */
export const ClaimItem = z.object({ eventId: z.string(), claimedAt: Instant });

/** A claim on the symptoms of a key: the event looks into them for all. */
export interface SymptomClaim {
  /** Digest of what makes symptoms alike. */
  readonly key: string;
  readonly eventId: string;
  readonly at: Instant;
  /** Claims before this instant have ended. */
  readonly since: Instant;
}
