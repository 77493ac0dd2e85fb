import * as z from "zod";
import { Actor } from "./actor.ts";
import { Evidence } from "./evidence.ts";
import { Instant } from "./instant.ts";
import { RoleKey } from "./role.ts";
import { Severity } from "./severity.ts";

/** Where a finding stands. */
export const FindingState = z.enum(["open", "suppressed", "resolved"]);
export type FindingState = z.infer<typeof FindingState>;

/** Something that is wrong, unsure or worth knowing about one role, with an identity that outlives one evaluation. */
export const Finding = z
  .object({
    /** Hash of account, role, part, and side (or kind, where it is no drift): the same drift is the same finding. */
    id: z.string(),
    role: RoleKey,
    /** The role's ARN as last read: the same name may stand at any path, in any partition. */
    arn: z.string().exactOptional(),
    /** Name of the reference that the role was compared with, where there is one of that name to look up. */
    reference: z.string().exactOptional(),
    evidence: Evidence,
    severity: Severity,
    state: FindingState,
    /** Who is known to have caused the evidence, or the last of it; a trusted actor stays named. */
    causedBy: Actor.exactOptional(),
    /** Counts the finding's transitions. */
    seq: z.number(),
    openedAt: Instant,
    updatedAt: Instant,
    /** The first of the clean reads since; a finding resolves on a later one only (IAM is eventually consistent). */
    cleanSince: Instant.exactOptional(),
    /** What of AWS Batch uses the role, in short texts; left out where that was not asked. Bounded. */
    usedBy: z.array(z.string()).readonly().exactOptional(),
    /** Jobs that failed and queues that were blocked since, which this explains; the newest first, bounded. */
    symptoms: z.array(z.string()).readonly().exactOptional(),
    /** Why the last rollback of this evidence was refused: told once, not with every copy of an event. */
    refusal: z.string().exactOptional(),
    /** Set where that reason passes by itself: the sweep asks again. */
    retry: z.literal(true).exactOptional(),
  })
  .readonly();
export type Finding = z.infer<typeof Finding>;
