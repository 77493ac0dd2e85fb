import type { Config, GuardedRole, RollbackMode } from "../config/config.ts";
import { isTrusted, nameActor } from "../config/trusted-actor.ts";
import type { Approval } from "../model/control.ts";
import type { Assessment, Drift } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { digestEvidence, digestRole, identifyFinding } from "../model/identity.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Plan, Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { type Containment, findContainment, findObstacle } from "./containment.ts";
import { findRepairStep } from "./repair.ts";

/** What a plan is made from. */
export interface PlanningInput {
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** All that is wrong with the role, as it was just seen. */
  readonly assessments: readonly Assessment[];
  readonly ledger: Ledger;
  readonly approvals: readonly Approval[];
  /** The owner's say about trusted actors; none where left out. */
  readonly config?: Pick<Config, "trustedActors">;
  readonly now: Instant;
}

/** A finding that is not undone, and why. */
export interface Withheld {
  readonly finding: Finding;
  readonly reason: string;
}

/** What is to be done, and what is left to a person. */
export interface PlanningResult {
  readonly plan: Plan;
  readonly withheld: readonly Withheld[];
}

interface Candidate {
  readonly drift: Drift;
  /** What the ledger knows of it; a drift that is not recorded yet is undone after it is. */
  readonly finding: Finding | undefined;
}

type DriftDecision =
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "withheld"; readonly reason: string }
  | { readonly kind: "nothing" };

/** The ordered IAM calls that undo what the owner allowed to undo; a plan without steps where there is nothing. */
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
  const samePart = candidates.filter((other) => other.drift.part === drift.part);
  const repair = findRepairStep(
    drift,
    planning,
    samePart.map((other) => other.drift),
  );
  if (!repair) return { kind: "nothing" };
  // A trust is replaced whole: what is undone on one side is undone on the other, so every side must be allowed.
  const together = drift.part === "trust" ? samePart : [{ drift, finding }];
  for (const each of together) {
    if (each.finding === undefined) return { kind: "nothing" };
    if (each.finding.state !== "open" || rollbackModeOf(each.drift, each.finding, planning) === "off") {
      return withhold("Its trust would be replaced whole, and one side of it is to stay as it is.");
    }
  }
  // What is taken away may also give: a trust that was hardened, replaced by the reference's.
  if (
    repair.restores &&
    drift.side === "excess" &&
    guarded.rollback.missing === "off" &&
    !isApproved(finding, planning)
  ) {
    return withhold(
      "Undoing it would also give back what was taken away, which the configuration leaves off.",
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

// What a pipeline set it would set again: a person decides which of the two is right.
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

// Consent is to one rollback of exactly this evidence: one that was carried out since has used it up.
function isApproved(finding: Finding, { approvals, ledger, now }: PlanningInput): boolean {
  return approvals.some(
    ({ findingId, digest, at, expires }) =>
      findingId === finding.id &&
      isBefore(now, expires) &&
      digest === digestEvidence(finding.evidence) &&
      !ledger.rollbacks.some(
        ({ status, startedAt, plan }) =>
          status === "done" && !isBefore(startedAt, at) && plan.findings.includes(finding.id),
      ),
  );
}

// A retired policy is better than none: it stays until what takes its place is attached, or is in the same plan (2.2).
function keepUntilReplaced<Undoing extends { readonly step: Step }>(
  undoing: readonly Undoing[],
  { attachments, retired }: Reference,
  role: Role,
): readonly Undoing[] {
  const replaced = attachments.every(
    ({ arn }) =>
      role.attached.some((policy) => policy.arn === arn) ||
      undoing.some(({ step }) => step.call === "iam:AttachRolePolicy" && step.policyArn === arn),
  );
  return replaced ? undoing : undoing.filter(({ step }) => !detachesAny(step, retired));
}

function detachesAny(step: Step, policies: Reference["retired"]): boolean {
  return step.call === "iam:DetachRolePolicy" && policies.some(({ arn }) => arn === step.policyArn);
}

function withoutDuplicates(steps: readonly Step[]): readonly Step[] {
  return [...new Map(steps.map((step) => [JSON.stringify(step), step])).values()];
}

// What is too much goes first: between two calls a role should rather have too little. Only a retired policy goes last,
// after the one that takes its place (2.2).
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
