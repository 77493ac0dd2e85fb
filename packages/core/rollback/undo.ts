import { digestRole } from "../model/identity.ts";
import type { Plan, PlannedStep, Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { applyStep } from "./apply-step.ts";
import { doesRestore } from "./effect.ts";
import { isDigested } from "./part-values.ts";

/** A call of a rollback that no step undoes, and why, as a sentence. */
export interface KeptStep {
  readonly step: Step;
  readonly why: string;
}

/** The steps that undo a rollback, without those that would change nothing, and the calls that no step undoes. */
export interface UndoPlan {
  readonly plan: Plan;
  readonly kept: readonly KeptStep[];
}

/**
 * Plans the undoing of steps that took effect, the last of them first. `before` is the role before the first of them, `role`
 * the role as it was just read. Versions of managed policies stay: other roles may have the policy.
 */
export function planUndo(steps: readonly Step[], before: Role, role: Role): UndoPlan {
  const kept: KeptStep[] = [];
  const undoing: Step[] = [];
  let state = before;
  for (const step of steps) {
    const inverse = invert(step, state);
    if (typeof inverse === "string") kept.push({ step, why: inverse });
    else undoing.unshift(inverse);
    state = applyStep(state, step);
  }
  let current = role;
  const planned = undoing.flatMap((step): readonly PlannedStep[] => {
    const after = applyStep(current, step);
    // Somebody did it already.
    if (digestRole(after) === digestRole(current)) return [];
    const restores = doesRestore(current, step);
    current = after;
    return [{ ...step, restores, findings: [] }];
  });
  return {
    plan: { role: role.name, roleId: role.id, expects: digestRole(role), findings: [], steps: planned },
    kept,
  };
}

/** Returns the step that brings back what a step changes in a role; a sentence that says why none does. */
function invert(step: Step, before: Role): Step | string {
  const { role, part } = step;
  const at = { role, part };
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return { ...at, call: "iam:DetachRolePolicy", policyArn: step.policyArn };
    case "iam:DetachRolePolicy":
      return { ...at, call: "iam:AttachRolePolicy", policyArn: step.policyArn };
    case "iam:PutRolePolicy":
    case "iam:DeleteRolePolicy": {
      const { policyName } = step;
      const old = before.inline.find(({ name }) => name === policyName);
      if (old === undefined) return { ...at, call: "iam:DeleteRolePolicy", policyName };
      return isDigested(old.text)
        ? unrecorded
        : { ...at, call: "iam:PutRolePolicy", policyName, document: old.text };
    }
    case "iam:UpdateAssumeRolePolicy":
      return isDigested(before.trust)
        ? unrecorded
        : { ...at, call: "iam:UpdateAssumeRolePolicy", document: before.trust };
    case "iam:PutRolePermissionsBoundary":
    case "iam:DeleteRolePermissionsBoundary": {
      if (!before.boundary.observed) return unobserved;
      const old = before.boundary.value;
      return old
        ? { ...at, call: "iam:PutRolePermissionsBoundary", policyArn: old.arn }
        : { ...at, call: "iam:DeleteRolePermissionsBoundary" };
    }
    case "iam:UpdateRole": {
      const { description, maxSession } = before;
      if (!description.observed || !maxSession.observed) return unobserved;
      return { ...at, call: "iam:UpdateRole", description: description.value, maxSession: maxSession.value };
    }
    case "iam:TagRole":
    case "iam:UntagRole": {
      if (!before.tags.observed) return unobserved;
      const old = before.tags.value[step.key];
      return old === undefined
        ? { ...at, call: "iam:UntagRole", key: step.key }
        : { ...at, call: "iam:TagRole", key: step.key, value: old };
    }
    case "iam:SetDefaultPolicyVersion":
    case "iam:CreatePolicyVersion":
    case "iam:DeletePolicyVersion":
      return "A managed policy may be attached to other roles, so that its versions are not changed back.";
  }
}

const unrecorded = "The document before it was too large to be recorded: only its digest is known.";
const unobserved = "What was there before it was not read.";
