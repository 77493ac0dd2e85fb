import type { Approval } from "../model/approval.ts";
import { isInForce } from "../model/exception.ts";
import type { Finding } from "../model/finding.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";

/**
 * Whether a person approved the rollback of a finding: of exactly this evidence, not expired at `now`, and not used up by
 * a rollback since then.
 */
export function isApproved(
  finding: Finding,
  {
    approvals,
    ledger,
    now,
  }: { readonly approvals: readonly Approval[]; readonly ledger: Ledger; readonly now: Instant },
): boolean {
  return approvals.some(
    (approval) =>
      isInForce(approval, finding, now) &&
      !ledger.rollbacks.some(
        ({ status, startedAt, plan }) =>
          status === "done" && !isBefore(startedAt, approval.at) && plan.findings.includes(finding.id),
      ),
  );
}
