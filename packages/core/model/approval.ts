import * as z from "zod";
import { Instant } from "./instant.ts";
import { Step } from "./plan.ts";

/** The steps that a person approved: exactly these calls, in this order, on the role with this id. */
export const ApprovedPlan = z.object({ roleId: z.string(), steps: z.array(Step).readonly() }).readonly();
export type ApprovedPlan = z.infer<typeof ApprovedPlan>;

/** A person's approval of one rollback of exactly this evidence. */
export const Approval = z
  .object({
    findingId: z.string(),
    /** Digest of the approved evidence (`digestEvidence`). */
    digest: z.string(),
    /** ARN of the person who gave it. */
    by: z.string(),
    /** STS's user id of that person. */
    userId: z.string().exactOptional(),
    /** ARN of the person's user, or of their session's role with its path: what `approvers` are compared with. */
    principal: z.string().exactOptional(),
    /** Left out for an approval of whatever steps repair the drift. */
    plan: ApprovedPlan.exactOptional(),
    /** When it was given. A rollback that succeeds after that uses it up. */
    at: Instant,
    expires: Instant,
  })
  .readonly();
export type Approval = z.infer<typeof Approval>;
