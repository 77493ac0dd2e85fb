import * as z from "zod";
import type { Evidence } from "./evidence.ts";
import { Grant } from "./grant.ts";
import { digestEvidence } from "./identity.ts";
import { Instant, isBefore } from "./instant.ts";

/**
 * An owner's decision to accept a finding, until it expires: exactly the evidence with this digest or, of a drift, these
 * grants, Denies and this detail (`core/evaluate/coverage.ts`).
 */
export const Exception = z
  .object({
    findingId: z.string(),
    /** Digest of the accepted evidence (`digestEvidence`). */
    digest: z.string(),
    /** The accepted grants of a drift; left out if nothing but the evidence with this digest is accepted. */
    grants: z.array(Grant).readonly().exactOptional(),
    /** The accepted Deny statements of a drift. */
    denies: z.array(Grant).readonly().exactOptional(),
    /** The accepted sentence about what grants do not show. */
    detail: z.string().exactOptional(),
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
    /** Set if the configuration holds it, and nobody gave it as an answer. */
    configured: z.literal(true).exactOptional(),
  })
  .readonly();
export type Exception = z.infer<typeof Exception>;

/** What people are told of an exception that ends or has ended. */
export const EndingException = z
  .object({
    owner: z.string(),
    reason: z.string(),
    expires: Instant,
    /** Set if the configuration holds it. */
    configured: z.literal(true).exactOptional(),
  })
  .readonly();
export type EndingException = z.infer<typeof EndingException>;

/** Whether an approval holds at `now` and is about exactly the finding's evidence. */
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
