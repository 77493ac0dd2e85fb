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
export function isApproved(finding: DecidedFinding, decisions: Decisions): boolean {
  return findApproval(finding, decisions) !== undefined;
}

/** What is known of people's approvals, and of the rollbacks that used them up. */
interface Decisions {
  readonly approvals: readonly Approval[];
  readonly rollbacks: readonly Pick<Rollback, "status" | "startedAt" | "plan">[];
  readonly now: Instant;
}

/** Returns the approval by which `isApproved` holds; undefined if there is none. */
export function findApproval(
  finding: DecidedFinding,
  { approvals, rollbacks, now }: Decisions,
): Approval | undefined {
  return approvals.find((approval) => isInForce(approval, finding, now) && !isUsedUp(approval, rollbacks));
}

/** Whether a rollback of the finding has succeeded since an approval: it is of one rollback alone. */
export function isUsedUp({ findingId, at }: Approval, rollbacks: Decisions["rollbacks"]): boolean {
  return rollbacks.some(
    ({ status, startedAt, plan }) =>
      status === "done" && !isBefore(startedAt, at) && plan.findings.includes(findingId),
  );
}
