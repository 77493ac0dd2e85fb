import * as z from "zod";
import { Instant } from "./instant.ts";

/** An owner's decision to accept a finding. It covers exactly this evidence, until it expires. */
export const Exception = z
  .object({
    findingId: z.string(),
    /** Digest of the accepted evidence (`digestEvidence`). */
    digest: z.string(),
    owner: z.string(),
    reason: z.string(),
    expires: Instant,
  })
  .readonly();
export type Exception = z.infer<typeof Exception>;

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

/** People's decisions about a role, and what stops its rollbacks. */
export const Control = z
  .object({
    exceptions: z.array(Exception).readonly(),
    approvals: z.array(Approval).readonly(),
    /** Why rollbacks in the whole account are paused; left out if they are not. */
    paused: z.string().exactOptional(),
    /** Why rollbacks of this role have stopped, such as drift that keeps coming back; left out if they have not. */
    breaker: z.string().exactOptional(),
  })
  .readonly();
export type Control = z.infer<typeof Control>;

/** The largest number of rollbacks in a window of time, for one role and for the whole account. */
export interface RollbackBudget {
  readonly perRole: number;
  readonly perAccount: number;
  readonly windowHours: number;
}
