import type { Approval } from "../model/approval.ts";
import type { Evidence } from "../model/evidence.ts";
import { isInForce } from "../model/exception.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import type { Rollback } from "../model/rollback.ts";

/** A finding, as far as a person's decision is about it. */
export interface DecidedFinding {
  readonly id: string;
  readonly evidence: Evidence;
}

/**
 * Whether a person approved the rollback of a finding: of exactly this evidence, not expired at `now`, and not used up by
 * a rollback since then.
 */
export function isApproved(
  finding: DecidedFinding,
  {
    approvals,
    rollbacks,
    now,
  }: {
    readonly approvals: readonly Approval[];
    readonly rollbacks: readonly Pick<Rollback, "status" | "startedAt" | "plan">[];
    readonly now: Instant;
  },
): boolean {
  return approvals.some(
    (approval) =>
      isInForce(approval, finding, now) &&
      !rollbacks.some(
        ({ status, startedAt, plan }) =>
          status === "done" && !isBefore(startedAt, approval.at) && plan.findings.includes(finding.id),
      ),
  );
}
