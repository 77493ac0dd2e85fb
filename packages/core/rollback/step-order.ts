import type { PlannedStep } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";

/** Returns the steps, each once: the findings of equal steps are joined. */
export function joinSteps(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const joined = new Map<string, PlannedStep>();
  for (const step of steps) {
    const key = JSON.stringify({ ...step, findings: [] });
    const known = joined.get(key);
    joined.set(key, known ? { ...step, findings: [...known.findings, ...step.findings] } : step);
  }
  return [...joined.values()];
}

/**
 * Returns the steps without the removal of retired policies, unless every policy that the reference requires is attached or
 * is attached by the same plan (2.2).
 */
export function keepUntilReplaced(
  steps: readonly PlannedStep[],
  { attachments, retired }: Reference,
  role: Role,
): readonly PlannedStep[] {
  const replaced = attachments.every(
    ({ arn }) =>
      role.attached.some((policy) => policy.arn === arn) ||
      steps.some((step) => step.call === "iam:AttachRolePolicy" && step.policyArn === arn),
  );
  if (replaced) return steps;
  const kept = new Set(
    steps.filter((step) => detachesAny(step, retired)).flatMap(({ findings }) => findings),
  );
  return steps.filter(({ findings }) => findings.length === 0 || !findings.every((id) => kept.has(id)));
}

function detachesAny(step: PlannedStep, policies: Reference["retired"]): boolean {
  return step.call === "iam:DetachRolePolicy" && policies.some(({ arn }) => arn === step.policyArn);
}

/**
 * Orders the steps of a plan: the trust policy first, since it decides who gets the rest; then what removes, so that the
 * role has too little between two calls rather than too much; then the end of running sessions; then what restores. A
 * retired policy goes last, after its replacement (2.2). Steps of one rank keep their order.
 */
export function orderSteps(steps: readonly PlannedStep[], { retired }: Reference): readonly PlannedStep[] {
  const rank = (step: PlannedStep) => {
    if (step.call === "iam:UpdateAssumeRolePolicy") return 0;
    if (detachesAny(step, retired)) return 4;
    if (step.call === "iam:PutRolePolicy" && step.revokesUntil !== undefined) return 2;
    return isForRestoring(step, steps) ? 3 : 1;
  };
  return steps.toSorted((a, b) => rank(a) - rank(b));
}

// Room for a new version is made right before it.
function isForRestoring(step: PlannedStep, steps: readonly PlannedStep[]): boolean {
  if (step.call !== "iam:DeletePolicyVersion") return step.restores;
  return steps.some(
    (other) =>
      other.call === "iam:CreatePolicyVersion" && other.policyArn === step.policyArn && other.restores,
  );
}
