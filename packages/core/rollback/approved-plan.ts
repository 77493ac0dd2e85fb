import type { ApprovedPlan } from "../model/approval.ts";
import { digestOf, identifyFinding } from "../model/identity.ts";
import { Part } from "../model/part.ts";
import { type Plan, Step } from "../model/plan.ts";
import { findApproval } from "./approvals.ts";
import { listCountedApprovals } from "./counted-approvals.ts";
import type { PlanningInput } from "./planning.ts";

/** Returns the steps of a plan that repair one finding, in order, as a person approves them: the calls alone. */
export function listStepsOf({ roleId, steps }: Plan, findingId: string): ApprovedPlan {
  return {
    roleId,
    steps: steps
      .filter(({ findings }) => findings.includes(findingId))
      .map((step) => Step.parse(Step.encode(step))),
  };
}

/**
 * Compares the plan with the steps that people approved. Returns what moved since then, as sentences, for each finding whose
 * approved steps are not those of the plan.
 */
export function findMoves(plan: Plan, planning: PlanningInput): ReadonlyMap<string, string> {
  const { role, assessments, control, now } = planning;
  const moves = new Map<string, string>();
  if (control.approvals.length === 0) return moves;
  for (const evidence of assessments) {
    const id = identifyFinding(role, evidence);
    const approvals = listCountedApprovals(id, planning).filter((approval) => approval.plan !== undefined);
    const approved = findApproval({ id, evidence }, { ...control, approvals, now })?.plan;
    const move = approved && describeMove(approved, listStepsOf(plan, id));
    if (move !== undefined) moves.set(id, move);
  }
  return moves;
}

// Undefined if both are the same calls, on the same role, in the same order.
function describeMove(approved: ApprovedPlan, current: ApprovedPlan): string | undefined {
  if (approved.roleId !== current.roleId) {
    return `The role was made anew since the approval: its unique id is ${current.roleId}, and was ${approved.roleId}.`;
  }
  if (digestSteps(approved) === digestSteps(current)) return undefined;
  const before = new Set(approved.steps.map((step) => digestOf(step)));
  const after = new Set(current.steps.map((step) => digestOf(step)));
  const gone = approved.steps.filter((step) => !after.has(digestOf(step)));
  const added = current.steps.filter((step) => !before.has(digestOf(step)));
  if (gone.length + added.length === 0) return "The plan now has the approved calls in another order.";
  const sentences = [
    ...(added.length > 0 ? [`It would now also make: ${nameSteps(added)}.`] : []),
    ...(gone.length > 0 ? [`It would no longer make: ${nameSteps(gone)}.`] : []),
  ];
  return `The plan is not the approved one any more. ${sentences.join(" ")}`;
}

function digestSteps({ steps }: ApprovedPlan): string {
  return digestOf(steps);
}

const maxNamed = 5;

function nameSteps(steps: readonly Step[]): string {
  const named = steps.slice(0, maxNamed).map(({ call, part }) => `${call} at ${Part.encode(part)}`);
  const more = steps.length - named.length;
  return named.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
