import type { ApprovedPlan } from "../model/approval.ts";
import { digestEvidence, identifyFinding } from "../model/identity.ts";
import { addSeconds } from "../model/instant.ts";
import { listStepsOf } from "./approved-plan.ts";
import { planRollback } from "./planner.ts";
import type { PlanningInput } from "./planning.ts";

/**
 * Plans the rollback of one drift as if a person had approved it. Returns the steps to approve; none where an approval would
 * not lead to a rollback, with the reason where there is one.
 */
export function planForApproval(
  planning: PlanningInput,
  findingId: string,
): { readonly plan: ApprovedPlan; readonly reason?: string } {
  const { role, assessments, control, now } = planning;
  const evidence = assessments.find((each) => identifyFinding(role, each) === findingId);
  const expires = addSeconds(now, 1);
  const approvals = evidence
    ? [{ findingId, digest: digestEvidence(evidence), by: "", at: now, expires }]
    : [];
  const { plan, withheld } = planRollback({ ...planning, control: { ...control, approvals } });
  const reason = withheld.find(({ finding }) => finding === findingId)?.reason;
  return { plan: listStepsOf(plan, findingId), ...(reason !== undefined && { reason }) };
}
