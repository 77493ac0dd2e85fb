import * as z from "zod";
import { Instant } from "./instant.ts";

/** A person's approval of one rollback of exactly this evidence. */
export const Approval = z
  .object({
    findingId: z.string(),
    /** Digest of the approved evidence (`digestEvidence`). */
    digest: z.string(),
    /** The person who gave it. */
    by: z.string(),
    /** When it was given. A rollback that succeeds after that uses it up. */
    at: Instant,
    expires: Instant,
  })
  .readonly();
export type Approval = z.infer<typeof Approval>;
