import type { Config, GuardedRole } from "../config/config.ts";
import type { Organization } from "../config/organization.ts";
import type { RollbackMode } from "../config/rollback-choice.ts";
import { isTrusted, nameActor } from "../config/trusted-actor.ts";
import type { Actor } from "../model/actor.ts";
import type { Approval } from "../model/approval.ts";
import type { Assessment, Drift } from "../model/evidence.ts";
import { type Exception, isExcepted } from "../model/exception.ts";
import { digestRole, identifyFinding } from "../model/identity.ts";
import type { Instant } from "../model/instant.ts";
import { isSamePart } from "../model/part.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import type { Rollback } from "../model/rollback.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { isApproved } from "./approvals.ts";
import { type Containment, findContainment, findObstacle } from "./containment.ts";
import { findRepairStep } from "./repair.ts";

/** What planning believes of the control record of the role. */
export interface PlanningControl {
  readonly exceptions: readonly Exception[];
  readonly approvals: readonly Approval[];
  readonly rollbacks: readonly Rollback[];
  /** Who made the change behind a finding. */
  readonly causes: readonly { readonly findingId: string; readonly actor: Actor }[];
}

/** What a rollback is planned from. */
export interface PlanningInput {
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** The account's organisation; left out if it is not known. */
  readonly organization?: Organization;
  /** The assessments of a fresh read. */
  readonly assessments: readonly Assessment[];
  readonly control: PlanningControl;
  /** The owner's trusted actors; none if left out. */
  readonly config?: Pick<Config, "trustedActors">;
  readonly now: Instant;
}

/** A drift that is not rolled back, and why. */
export interface Withheld {
  /** Id of the drift's finding. */
  readonly finding: string;
  readonly drift: Drift;
  readonly reason: string;
}

/** The plan, and the findings that it leaves to a person. */
export interface PlanningResult {
  readonly plan: Plan;
  readonly withheld: readonly Withheld[];
}

interface Candidate {
  /** Id of the drift's finding. */
  readonly id: string;
  readonly evidence: Drift;
  readonly suppressed: boolean;
}

type DriftDecision =
  | { readonly kind: "step"; readonly step: PlannedStep }
  | { readonly kind: "withheld"; readonly reason: string }
  | { readonly kind: "nothing" };

/**
 * Plans the IAM calls, in order, that roll back the drifts that the owner's switches and approvals allow. The plan has no
 * steps if there are none.
 */
export function planRollback(planning: PlanningInput): PlanningResult {
  const { role, assessments, control, reference } = planning;
  const isSuppressed = (id: string, evidence: Assessment) =>
    isExcepted({ id, evidence }, { exceptions: control.exceptions, now: planning.now });
  const candidates = assessments.flatMap((evidence): readonly Candidate[] => {
    if (evidence.kind !== "drift") return [];
    const id = identifyFinding(role, evidence);
    return [{ id, evidence, suppressed: isSuppressed(id, evidence) }];
  });
  const containment = findContainment(
    assessments.filter((evidence) => !isSuppressed(identifyFinding(role, evidence), evidence)),
  );
  const repairs: { readonly finding: string; readonly step: PlannedStep }[] = [];
  const withheld: Withheld[] = [];
  for (const candidate of candidates) {
    if (candidate.suppressed) continue;
    const { id: finding, evidence: drift } = candidate;
    const verdict = decideDrift(candidate, candidates, containment, planning);
    if (verdict.kind === "step") repairs.push({ finding, step: verdict.step });
    if (verdict.kind === "withheld") withheld.push({ finding, drift, reason: verdict.reason });
  }
  const expected = localiseReference(reference, role.partition);
  const safe = keepUntilReplaced(repairs, expected, role);
  return {
    plan: {
      role: role.name,
      roleId: role.id,
      expects: digestRole(role),
      findings: safe.map(({ finding }) => finding),
      steps: orderSteps(joinSteps(safe.map(({ step }) => step)), expected.retired),
    },
    withheld,
  };
}

function decideDrift(
  candidate: Candidate,
  candidates: readonly Candidate[],
  containment: Containment,
  planning: PlanningInput,
): DriftDecision {
  const { guarded, now } = planning;
  const { id, evidence: drift } = candidate;
  const modeOf = (other: Candidate) => rollbackModeOf(other, planning);
  const approved = (other: Candidate) => isApproved(other, { ...planning.control, now });
  if (modeOf(candidate) === "off") return { kind: "nothing" };
  const samePart = candidates.filter((other) => isSamePart(other.evidence.part, drift.part));
  const repair = findRepairStep(
    drift,
    planning,
    samePart.map((other) => other.evidence),
  );
  if (!repair) return { kind: "nothing" };
  // A trust policy is written whole, so that both sides are rolled back together: every side must be allowed.
  const together = drift.part.kind === "trust" ? samePart : [candidate];
  if (together.some((each) => each.suppressed || modeOf(each) === "off")) {
    return withhold("The trust policy is replaced whole, and one side of its drift must not be rolled back.");
  }
  // Removing excess can also grant: replacing a hardened trust policy by the reference's drops the hardening.
  if (
    repair.restores &&
    drift.side === "excess" &&
    guarded.rollback.missing === "off" &&
    !approved(candidate)
  ) {
    return withhold(
      "Rolling it back would also restore permissions, and the configuration turns restoring off.",
    );
  }
  if (repair.dropsCondition && !approved(candidate)) {
    return withhold(
      "Replacing the trust policy would remove a condition on the organisation, which may keep others from using the role. Set organization in the configuration, or approve the rollback.",
    );
  }
  const waiting = together.filter((each) => modeOf(each) === "approve" && !approved(each));
  if (waiting.length > 0) return withhold(explainWait(waiting, planning));
  const doubt = findObstacle(repair, containment);
  if (doubt !== undefined && !approved(candidate)) return withhold(doubt);
  return { kind: "step", step: { ...repair.step, restores: repair.restores, findings: [id] } };
}

function withhold(reason: string): DriftDecision {
  return { kind: "withheld", reason };
}

// A trusted pipeline would set its change again: a person decides which state is right.
function rollbackModeOf(candidate: Candidate, planning: PlanningInput): RollbackMode {
  const { side } = candidate.evidence;
  // What is simulated or altered is not planned yet.
  const mode = side === "altered" ? "off" : planning.guarded.rollback[side];
  if (mode === "simulate") return "off";
  return mode === "automatic" && listTrusted(candidate, planning).length > 0 ? "approve" : mode;
}

function listTrusted({ id }: Candidate, { control, config }: PlanningInput): readonly Actor[] {
  return control.causes.flatMap(({ findingId, actor }) =>
    findingId === id && config && isTrusted(actor, config) ? [actor] : [],
  );
}

function explainWait(waiting: readonly Candidate[], planning: PlanningInput): string {
  const wait = "Its rollback waits for a person's approval";
  const trusted = waiting.flatMap((each) => listTrusted(each, planning).map(nameActor));
  return trusted.length === 0
    ? `${wait}.`
    : `${wait}: the change was made by ${[...new Set(trusted)].join(", ")}, whom the configuration trusts.`;
}

// A retired policy stays until its replacement is attached or is attached by the same plan (2.2).
function keepUntilReplaced<PlannedRepair extends { readonly step: PlannedStep }>(
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

function detachesAny(step: PlannedStep, policies: Reference["retired"]): boolean {
  return step.call === "iam:DetachRolePolicy" && policies.some(({ arn }) => arn === step.policyArn);
}

// The sides of a trust policy are repaired by one step.
function joinSteps(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const joined = new Map<string, PlannedStep>();
  for (const step of steps) {
    const key = JSON.stringify({ ...step, findings: [] });
    const known = joined.get(key);
    joined.set(key, known ? { ...step, findings: [...known.findings, ...step.findings] } : step);
  }
  return [...joined.values()];
}

// Removals go first: between two calls a role should have too little rather than too much. A retired policy goes last,
// after its replacement (2.2).
function orderSteps(steps: readonly PlannedStep[], retired: Reference["retired"]): readonly PlannedStep[] {
  const rank = (step: PlannedStep) => {
    if (step.call === "iam:UpdateAssumeRolePolicy") return 0;
    if (detachesAny(step, retired)) return 3;
    return step.restores ? 2 : 1;
  };
  return steps.toSorted((a, b) => rank(a) - rank(b));
}
