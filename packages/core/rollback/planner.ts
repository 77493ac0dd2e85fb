import type { Config, GuardedRole, RollbackMode } from "../config/config.ts";
import type { Organization } from "../config/organization.ts";
import { isTrusted, nameActor } from "../config/trusted-actor.ts";
import type { Approval } from "../model/approval.ts";
import type { Assessment, Drift } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { digestRole, identifyFinding } from "../model/identity.ts";
import type { Instant } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";
import { isSamePart } from "../model/part.ts";
import type { Plan, Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { isApproved } from "./approvals.ts";
import { type Containment, findContainment, findObstacle } from "./containment.ts";
import { findRepairStep } from "./repair.ts";

/** What a rollback is planned from. */
export interface PlanningInput {
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** The account's organisation; left out if it is not known. */
  readonly organization?: Organization;
  /** The assessments of a fresh read. */
  readonly assessments: readonly Assessment[];
  readonly ledger: Ledger;
  readonly approvals: readonly Approval[];
  /** The owner's trusted actors; none if left out. */
  readonly config?: Pick<Config, "trustedActors">;
  readonly now: Instant;
}

/** A finding that is not rolled back, and why. */
export interface Withheld {
  readonly finding: Finding;
  readonly reason: string;
}

/** The plan, and the findings that it leaves to a person. */
export interface PlanningResult {
  readonly plan: Plan;
  readonly withheld: readonly Withheld[];
}

interface Candidate {
  readonly drift: Drift;
  /** The drift's finding in the ledger; undefined if it is not recorded yet, and then it is not rolled back yet. */
  readonly finding: Finding | undefined;
}

type DriftDecision =
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "withheld"; readonly reason: string }
  | { readonly kind: "nothing" };

/**
 * Plans the IAM calls, in order, that roll back the drifts that the owner's switches and approvals allow. The plan has no
 * steps if there are none.
 */
export function planRollback(planning: PlanningInput): PlanningResult {
  const { role, assessments, ledger, reference } = planning;
  const candidates = assessments.flatMap((evidence): readonly Candidate[] => {
    if (evidence.kind !== "drift") return [];
    const id = identifyFinding(ledger.role, evidence);
    const known = ledger.findings.find((finding) => finding.id === id);
    return [{ drift: evidence, finding: known && { ...known, evidence } }];
  });
  const containment = findContainment(assessments, ledger);
  const repairs: { readonly finding: string; readonly step: Step }[] = [];
  const withheld: Withheld[] = [];
  for (const candidate of candidates) {
    const { finding } = candidate;
    if (finding?.state !== "open") continue;
    const verdict = decideDrift(candidate, finding, candidates, containment, planning);
    if (verdict.kind === "step") repairs.push({ finding: finding.id, step: verdict.step });
    if (verdict.kind === "withheld") withheld.push({ finding, reason: verdict.reason });
  }
  const expected = localiseReference(reference, role.partition);
  const safe = keepUntilReplaced(repairs, expected, role);
  return {
    plan: {
      role: role.name,
      roleId: role.id,
      expects: digestRole(role),
      findings: safe.map(({ finding }) => finding),
      steps: orderSteps(withoutDuplicates(safe.map(({ step }) => step)), expected.retired),
    },
    withheld,
  };
}

function decideDrift(
  { drift }: Candidate,
  finding: Finding,
  candidates: readonly Candidate[],
  containment: Containment,
  planning: PlanningInput,
): DriftDecision {
  const { guarded } = planning;
  if (rollbackModeOf(drift, finding, planning) === "off") return { kind: "nothing" };
  const samePart = candidates.filter((other) => isSamePart(other.drift.part, drift.part));
  const repair = findRepairStep(
    drift,
    planning,
    samePart.map((other) => other.drift),
  );
  if (!repair) return { kind: "nothing" };
  // A trust policy is written whole, so that both sides are rolled back together: every side must be allowed.
  const together = drift.part.kind === "trust" ? samePart : [{ drift, finding }];
  for (const each of together) {
    if (each.finding === undefined) return { kind: "nothing" };
    if (each.finding.state !== "open" || rollbackModeOf(each.drift, each.finding, planning) === "off") {
      return withhold(
        "The trust policy is replaced whole, and one side of its drift must not be rolled back.",
      );
    }
  }
  // Removing excess can also grant: replacing a hardened trust policy by the reference's drops the hardening.
  if (
    repair.restores &&
    drift.side === "excess" &&
    guarded.rollback.missing === "off" &&
    !isApproved(finding, planning)
  ) {
    return withhold(
      "Rolling it back would also restore permissions, and the configuration turns restoring off.",
    );
  }
  if (repair.dropsCondition && !isApproved(finding, planning)) {
    return withhold(
      "Replacing the trust policy would remove a condition on the organisation, which may keep others from using the role. Set organization in the configuration, or approve the rollback.",
    );
  }
  const waiting = together.flatMap((each) => {
    const open = each.finding;
    return open && rollbackModeOf(each.drift, open, planning) === "approve" && !isApproved(open, planning)
      ? [open]
      : [];
  });
  if (waiting.length > 0) return withhold(explainWait(waiting, planning));
  const doubt = findObstacle(repair, containment);
  if (doubt !== undefined && !isApproved(finding, planning)) return withhold(doubt);
  return { kind: "step", step: repair.step };
}

function withhold(reason: string): DriftDecision {
  return { kind: "withheld", reason };
}

// A trusted pipeline would set its change again: a person decides which state is right.
function rollbackModeOf(
  { side }: Drift,
  { causedBy }: Finding,
  { guarded, config }: PlanningInput,
): RollbackMode {
  const mode = side === "altered" ? "off" : guarded.rollback[side];
  const trusted = causedBy !== undefined && config !== undefined && isTrusted(causedBy, config);
  return mode === "automatic" && trusted ? "approve" : mode;
}

function explainWait(waiting: readonly Finding[], { config }: PlanningInput): string {
  const wait = "Its rollback waits for a person's approval";
  const trusted = waiting.flatMap(({ causedBy }) =>
    causedBy && config && isTrusted(causedBy, config) ? [nameActor(causedBy)] : [],
  );
  return trusted.length === 0
    ? `${wait}.`
    : `${wait}: the change was made by ${[...new Set(trusted)].join(", ")}, whom the configuration trusts.`;
}

// A retired policy stays until its replacement is attached or is attached by the same plan (2.2).
function keepUntilReplaced<PlannedRepair extends { readonly step: Step }>(
  repairs: readonly PlannedRepair[],
  { attachments, retired }: Reference,
  role: Role,
): readonly PlannedRepair[] {
  const replaced = attachments.every(
    ({ arn }) =>
      role.attached.some((policy) => policy.arn === arn) ||
      repairs.some(({ step }) => step.call === "iam:AttachRolePolicy" && step.policyArn === arn),
  );
  return replaced ? repairs : repairs.filter(({ step }) => !detachesAny(step, retired));
}

function detachesAny(step: Step, policies: Reference["retired"]): boolean {
  return step.call === "iam:DetachRolePolicy" && policies.some(({ arn }) => arn === step.policyArn);
}

function withoutDuplicates(steps: readonly Step[]): readonly Step[] {
  return [...new Map(steps.map((step) => [JSON.stringify(step), step])).values()];
}

// Removals go first: between two calls a role should have too little rather than too much. A retired policy goes last,
// after its replacement (2.2).
function orderSteps(steps: readonly Step[], retired: Reference["retired"]): readonly Step[] {
  const rank = (step: Step) => {
    switch (step.call) {
      case "iam:UpdateAssumeRolePolicy":
        return 0;
      case "iam:DetachRolePolicy":
        return detachesAny(step, retired) ? 3 : 1;
      case "iam:DeleteRolePolicy":
        return 1;
      case "iam:PutRolePolicy":
      case "iam:AttachRolePolicy":
        return 2;
    }
  };
  return [...steps].sort((a, b) => rank(a) - rank(b));
}
