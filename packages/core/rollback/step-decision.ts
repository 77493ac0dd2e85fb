import { strictnessOf } from "../evaluate/evaluate.ts";
import type { Assessment } from "../model/evidence.ts";
import type { PlannedStep, Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";
import { applyStep } from "./apply-step.ts";
import { type Candidate, findClosedWindow } from "./candidate.ts";
import { findBoundaryObstacle, findContainmentObstacle } from "./containment.ts";
import { doesRestore } from "./effect.ts";
import { isExposedSince } from "./exposure.ts";
import type { PlanningContext, PlanningInput } from "./planning.ts";
import {
  findDocumentObstacle,
  findIdentityObstacle,
  findSessionObstacle,
  findTrustObstacle,
  type Obstacle,
} from "./restoring.ts";

/** What becomes of a drift. */
export type Decision =
  | { readonly kind: "steps"; readonly steps: readonly PlannedStep[]; readonly revoke?: true }
  | { readonly kind: "withheld"; readonly obstacle: Obstacle }
  | { readonly kind: "nothing" };

/** Adds effect and purpose to the steps of one drift, each judged on the role that the steps before it leave. */
export function describeSteps(
  steps: readonly Step[],
  { id }: Pick<Candidate, "id">,
  role: Role,
  { planning, reference }: PlanningContext,
  note?: string,
): readonly PlannedStep[] {
  let current = role;
  return steps.map((step, index) => {
    const boundary =
      step.call === "iam:PutRolePermissionsBoundary"
        ? findBoundaryDocument(step.policyArn, reference, planning)
        : undefined;
    const restores = doesRestore(current, step, boundary);
    current = applyStep(current, step);
    return { ...step, restores, findings: [id], ...(note !== undefined && index === 0 && { note }) };
  });
}

function findBoundaryDocument(
  arn: string,
  { boundary }: Reference,
  { policies }: PlanningInput,
): string | undefined {
  const live = policies?.get(arn)?.versions.find(({ isDefault }) => isDefault);
  return live?.text ?? (typeof boundary === "object" && boundary.arn === arn ? boundary.document : undefined);
}

/**
 * Returns why steps that restore are not taken now; undefined if they may be. An approval lifts every reason, except that
 * somebody was let in after it was given.
 */
export function findRestoringObstacle(
  candidate: Candidate,
  steps: readonly PlannedStep[],
  context: PlanningContext,
): Obstacle | undefined {
  const { planning, reference, live, containment } = context;
  const { role, guarded, control, maker, now } = planning;
  const capped = planning.restoringCap?.(candidate.id);
  if (capped) return capped;
  const isCompared = strictnessOf(planning.reference, guarded).trust !== "off";
  const trust = findTrustObstacle(role, planning.assessments, live, isCompared);
  if (candidate.approved) {
    if (!isExposedSince(candidate.approvedAt, control.enrolment)) return undefined;
    const later =
      trust ?? (control.enrolment && findSessionObstacle(role, control.enrolment, "approve", now));
    return later && { reason: `${later.reason} The approval was given before somebody else was let in.` };
  }
  // Removing excess can also grant.
  if (candidate.evidence.side === "excess" && guarded.rollback.missing === "off") {
    return {
      reason: "Rolling it back would also restore permissions, and the configuration turns restoring off.",
    };
  }
  if (trust) return trust;
  const identity = findIdentityObstacle(role, control.enrolment, maker);
  if (identity) return identity;
  const contained = findContainmentObstacle(containment);
  if (contained !== undefined) return { reason: contained };
  for (const step of steps) {
    const obstacle = step.restores ? findStepObstacle(step, reference, planning) : undefined;
    if (obstacle) return obstacle;
  }
  const closed = findClosedWindow(candidate, planning, true);
  if (closed) return closed;
  return control.enrolment && findSessionObstacle(role, control.enrolment, guarded.rollback.sessions, now);
}

/** Returns what stands against one restoring step: the document that it brings into force, or the boundary over it. */
function findStepObstacle(
  step: PlannedStep,
  reference: Reference,
  { role, assessments, policies }: PlanningInput,
): Obstacle | undefined {
  const under = (document: string): Obstacle | undefined => {
    const reason = findBoundaryObstacle(role, reference, document);
    return reason === undefined ? undefined : { reason };
  };
  switch (step.call) {
    case "iam:AttachRolePolicy": {
      const expected = reference.attachments.find(({ arn }) => arn === step.policyArn)?.document;
      const document = findDocumentObstacle(step.policyArn, expected, policies?.get(step.policyArn));
      return document ?? (expected === undefined ? undefined : under(expected));
    }
    case "iam:PutRolePermissionsBoundary": {
      const { boundary } = reference;
      const expected = typeof boundary === "object" ? boundary.document : undefined;
      return (
        findDocumentObstacle(step.policyArn, expected, policies?.get(step.policyArn)) ??
        findLiftObstacle(role, assessments) ??
        underAttached(reference, under)
      );
    }
    case "iam:DeleteRolePermissionsBoundary":
      return findLiftObstacle(role, assessments) ?? underAttached(reference, under);
    case "iam:PutRolePolicy":
      return under(step.document);
    case "iam:SetDefaultPolicyVersion":
    case "iam:CreatePolicyVersion":
      return step.part.kind === "boundary" ? findLiftObstacle(role, assessments) : under(step.document);
    case "iam:DetachRolePolicy":
    case "iam:DeleteRolePolicy":
    case "iam:UpdateAssumeRolePolicy":
    case "iam:DeletePolicyVersion":
    case "iam:UpdateRole":
    case "iam:TagRole":
    case "iam:UntagRole":
      return undefined;
  }
}

/**
 * Returns an obstacle where the boundary takes away some of what a policy allows beyond the reference, also of what a person
 * accepted: without the boundary, the role would have it.
 */
function findLiftObstacle({ boundary }: Role, assessments: readonly Assessment[]): Obstacle | undefined {
  const held = assessments.find(
    (each) =>
      each.kind === "drift" &&
      each.side === "excess" &&
      (each.part.kind === "managed" || each.part.kind === "inline" || each.part.kind === "permissions") &&
      // Where it is not known what the boundary leaves of a grant, it may hold it back.
      each.grants.some(({ remains }) => remains !== "all"),
  );
  if (held === undefined || (boundary.observed && boundary.value === null)) return undefined;
  const arn = boundary.observed ? boundary.value?.arn : undefined;
  return {
    reason: `The role's permissions boundary${arn === undefined ? "" : ` ${arn}`} holds back what ${held.part} allows beyond the reference. Once that is removed, the rollback follows as the configuration allows; until then, a person must approve it.`,
  };
}

// Taking a boundary away restores what the reference's policies allow under it.
function underAttached(
  { attachments, floor }: Reference,
  under: (document: string) => Obstacle | undefined,
): Obstacle | undefined {
  const documents = [...attachments, ...(floor ? [floor] : [])].map(({ document }) => document);
  return documents.map(under).find((obstacle) => obstacle !== undefined);
}
