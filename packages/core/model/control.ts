import * as z from "zod";
import { Instant } from "./instant.ts";

/** Accepts a finding as it is: it holds for exactly this evidence, and until it expires. */
export const Exception = z
  .object({
    findingId: z.string(),
    /** Digest of the evidence that was accepted; anything else is not covered. */
    digest: z.string(),
    owner: z.string(),
    reason: z.string(),
    expires: Instant,
  })
  .readonly();
export type Exception = z.infer<typeof Exception>;

/** A person's consent to one rollback of exactly this evidence. */
export const Approval = z
  .object({
    findingId: z.string(),
    digest: z.string(),
    by: z.string(),
    /** When it was given. A rollback since then has used it up. */
    at: Instant,
    expires: Instant,
  })
  .readonly();
export type Approval = z.infer<typeof Approval>;

/** What people decided about a role, and what stops its rollbacks. */
export const Control = z
  .object({
    exceptions: z.array(Exception).readonly(),
    approvals: z.array(Approval).readonly(),
    /** Set while rollbacks of the whole account are paused. */
    paused: z.string().exactOptional(),
    /** Set where a change kept coming back: why rollbacks of this role have stopped. */
    breaker: z.string().exactOptional(),
  })
  .readonly();
export type Control = z.infer<typeof Control>;

/** How many rollbacks may be spent in a window of time, for one role and for the whole account. */
export interface RollbackBudget {
  readonly perRole: number;
  readonly perAccount: number;
  readonly windowHours: number;
}
