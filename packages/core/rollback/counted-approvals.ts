import type { Approval } from "../model/approval.ts";
import type { Drift } from "../model/evidence.ts";
import { addSeconds, type Instant, isBefore } from "../model/instant.ts";
import { findApproval } from "./approvals.ts";
import { isByApprover } from "./approvers.ts";
import { listCauses, listMakers } from "./makers.ts";
import { isSamePrincipal } from "./pause.ts";
import type { PlanningInput } from "./planning.ts";

/** The decisions about a role, and the owner's choices for it, as far as approvals depend on them. */
type ApprovalInput = Pick<PlanningInput, "control" | "guarded" | "now">;

/**
 * Returns the approvals that count for a drift. Nobody approves the rollback of their own change; while it is not known who
 * made the drift as it was approved, an approval waits for the report of the change; and the owner may have changed who
 * approves since then.
 */
export function listCountedApprovals(id: string, planning: ApprovalInput): readonly Approval[] {
  return listOthers(id, planning).filter(
    (approval) => !isBefore(planning.now, countsFrom(approval, planning)),
  );
}

/** An approval that does not count yet, and when it does. */
export interface WaitingApproval {
  readonly by: string;
  readonly from: Instant;
}

/** Returns the approval of a drift that waits for the report of the change; undefined if there is none. */
export function findWaitingApproval(
  id: string,
  evidence: Drift,
  planning: ApprovalInput,
): WaitingApproval | undefined {
  const { control, now } = planning;
  const approval = findApproval({ id, evidence }, { ...control, approvals: listOthers(id, planning), now });
  if (approval === undefined) return undefined;
  const from = countsFrom(approval, planning);
  return isBefore(now, from) ? { by: approval.by, from } : undefined;
}

/** Returns who approved a drift and is not among the approvers of the configuration any more; undefined if nobody is. */
export function findFormerApprover(
  id: string,
  evidence: Drift,
  { control, guarded, now }: ApprovalInput,
): string | undefined {
  const approvals = control.approvals.filter((each) => !isByApprover(each, guarded.rollback.approvers));
  return findApproval({ id, evidence }, { ...control, approvals, now })?.by;
}

function listOthers(id: string, planning: ApprovalInput): readonly Approval[] {
  const makers = listMakers(id, planning.control);
  const { control, guarded } = planning;
  return control.approvals.filter(
    (approval) =>
      isByApprover(approval, guarded.rollback.approvers) &&
      !makers.some((actor) => isSamePrincipal(actor, approval.by)),
  );
}

// CloudTrail's events reach EventBridge within minutes (docs/aws-facts.md, "EventBridge delivery").
const reportMinutes = 15;

// The local user of an embedded guard, whom STS did not name, waits for nothing. A change that is reported explains the drift
// that was read after it: a drift that differs may have been widened since then, by the one who approves it.
function countsFrom(
  { findingId, digest, at, userId }: Approval,
  planning: Pick<PlanningInput, "control">,
): Instant {
  if (isExplained({ findingId, digest }, planning) || userId === undefined) return at;
  return addSeconds(at, reportMinutes * 60);
}

/** Whether it is known who made a drift as it is: an approval of it counts at once. `digest` is that of its evidence. */
export function isExplained(
  { findingId, digest }: { readonly findingId: string; readonly digest: string },
  planning: Pick<PlanningInput, "control">,
): boolean {
  return listCauses(findingId, planning.control).at(-1)?.digest === digest;
}
