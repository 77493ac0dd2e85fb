import * as z from "zod";
import type { Evidence } from "./evidence.ts";
import { digestEvidence } from "./identity.ts";
import { Instant, isBefore } from "./instant.ts";

/** An owner's decision to accept a finding. It covers exactly this evidence, until it expires. */
export const Exception = z
  .object({
    findingId: z.string(),
    /** Digest of the accepted evidence (`digestEvidence`). */
    digest: z.string(),
    /** Who accepted it: an ARN. */
    owner: z.string(),
    /** STS's user id of that person. */
    userId: z.string().exactOptional(),
    reason: z.string(),
    /** When it was given. */
    at: Instant.exactOptional(),
    /** The rollback whose undoing it accepts; left out for one that accepts a finding as it stands. */
    undoes: z.string().exactOptional(),
    expires: Instant,
  })
  .readonly();
export type Exception = z.infer<typeof Exception>;

/** Whether a decision about a finding, an exception or an approval, holds at `now` and covers the finding's evidence. */
export function isInForce(
  decision: { readonly findingId: string; readonly digest: string; readonly expires: Instant },
  finding: { readonly id: string; readonly evidence: Evidence },
  now: Instant,
): boolean {
  return (
    decision.findingId === finding.id &&
    isBefore(now, decision.expires) &&
    decision.digest === digestEvidence(finding.evidence)
  );
}

/** Whether an exception covers a finding: made for exactly this evidence, and not expired at `now`. */
export function isExcepted(
  finding: { readonly id: string; readonly evidence: Evidence },
  { exceptions, now }: { readonly exceptions: readonly Exception[]; readonly now: Instant },
): boolean {
  return exceptions.some((exception) => isInForce(exception, finding, now));
}
