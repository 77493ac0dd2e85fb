import assert from "node:assert/strict";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Approval } from "@drift-guard/core/model/approval";
import type { Control } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { digestOf, identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import { type PlannedStep, Step } from "@drift-guard/core/model/plan";
import type { Role, RoleReading } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import { assessRole } from "@drift-guard/guard/inspect/assessment";
import { account } from "../../../builders.ts";
import { listLostDenies } from "../../../core/rollback/denies.ts";
import { sessionLimitOf } from "./account.ts";
import { people, pipelineRole } from "./actors.ts";
import { type Choice, windowHours } from "./choice.ts";
import type { History } from "./history.ts";
import { type GuardWrite, longestStaleness } from "./ports.ts";
import { admissions, grows, permissions, requiredPermissions } from "./strangers.ts";
import { references, roleName, sharedPolicies } from "./worker.ts";

/** The rollbacks that wrote the role, as they and the role were at their first write, by id. */
export type WritingRollbacks = Map<string, { readonly rollback: Rollback; readonly before: RoleReading }>;

/** Asserts what holds at a write of the guard. Adds its rollback to `known`. */
export async function assertWrite(
  write: GuardWrite,
  history: History,
  known: WritingRollbacks,
): Promise<void> {
  const control = await history.record();
  const rollback = control.rollbacks.find(({ id }) => id === write.trace.rollbackId);
  assert.ok(rollback, "a write belongs to a stored rollback");
  const first = known.get(rollback.id) ?? { rollback, before: write.before };
  known.set(rollback.id, first);
  const planned = rollback.plan.steps[write.trace.step];
  assert.ok(planned, "a write is a planned step");
  assert.ok(
    rollback.steps.some(({ step, outcome }) => step === write.trace.step && outcome === undefined),
    "a step is stored before its call",
  );
  assert.equal(write.step.role, roleName, "only the guarded role is written");
  assertConfigured(write, planned, history.choice);
  assertUnpaused(rollback, control);
  const { findings } = await history.findings.load({ account, name: roleName });
  for (const id of planned.findings) {
    const finding = findings.find((each) => each.id === id);
    if (finding?.evidence.kind === "drift")
      await assertDecided(
        finding,
        finding.evidence,
        planned,
        rollback,
        [first.before, write.before, ...listPlannable(rollback, history)],
        history,
      );
  }
  // Somebody may have deleted the role since the read: the call on a policy of several roles finds that policy all the same.
  if (write.isRace) return;
  const { before, after } = write;
  assert.ok(before.status === "present" && after.status === "present", "a role that is gone is not written");
  const isApproved = planned.findings.some((id) => listApprovals(id, rollback, control, history).length > 0);
  if (isApproved || endsRevocation(write, known)) return;
  assert.equal(before.role.id, rollback.plan.roleId, "a role that was made anew is not written");
  const allowed = requiredPermissions(history.choice.reference);
  const most = permissions(before.role).map((isAllowed, index) => isAllowed || allowed[index] === true);
  assert.ok(!grows(most, permissions(after.role)), `${write.step.call} gives no more than the reference`);
  assertSafe(planned, before.role, after.role, write.at, history.exposures);
  const isKnownRole = control.enrolment?.roleId === before.role.id;
  if (!isKnownRole) assertNoGain(before.role, after.role, write.at, "an unknown role gets nothing");
}

/** Returns the role as the read of a rollback's plan may have found it, which may have shown an older state. */
function listPlannable({ startedAt }: Rollback, { states }: History): readonly RoleReading[] {
  const start = Date.parse(startedAt);
  const oldest = start - longestStaleness * 1000;
  return states
    .filter(({ at }, index) => at <= start && (states[index + 1]?.at ?? start) >= oldest)
    .map(({ reading }) => reading);
}

/** Whether a write removes the guard's own policy that ended sessions, after every session that it denies has ended. */
function endsRevocation({ step, at }: GuardWrite, known: WritingRollbacks): boolean {
  if (step.call !== "iam:DeleteRolePolicy") return false;
  const revocations = [...known.values()].flatMap(({ rollback }) =>
    rollback.plan.steps.filter(
      (planned) => planned.call === "iam:PutRolePolicy" && planned.policyName === step.policyName,
    ),
  );
  return revocations.some(({ revokesUntil }) => revokesUntil !== undefined && Date.parse(revokesUntil) <= at);
}

/** Asserts that a call is one that the owner's choice can lead to. */
function assertConfigured(
  { step }: GuardWrite,
  { revokesUntil }: PlannedStep,
  { rollback, reference }: Choice,
): void {
  const isOn = (side: "excess" | "missing" | "altered") =>
    rollback[side] === "automatic" || rollback[side] === "approve";
  const [excess, missing, altered] = [isOn("excess"), isOn("missing"), isOn("altered")];
  const required = references[reference].attachments.map(({ arn }) => arn);
  const isShared = reference === "shared";
  const revokes = rollback.sessions === "revoke" && (excess || missing || altered);
  switch (step.call) {
    case "iam:AttachRolePolicy":
      assert.ok(missing && required.includes(step.policyArn), "only the reference's policies are attached");
      return;
    case "iam:DetachRolePolicy":
      assert.ok(excess && !required.includes(step.policyArn), "only other policies are detached");
      return;
    case "iam:DeleteRolePolicy":
      assert.ok(excess || missing || revokes, step.call);
      return;
    case "iam:PutRolePolicy":
      assert.ok(revokesUntil === undefined ? excess || missing : revokes, step.call);
      return;
    case "iam:UpdateAssumeRolePolicy":
      assert.ok(excess || missing, step.call);
      return;
    case "iam:DeleteRolePermissionsBoundary":
      assert.ok(!isShared && (missing || altered), step.call);
      return;
    case "iam:PutRolePermissionsBoundary":
      assert.ok(isShared && (missing || altered) && step.policyArn === sharedPolicies.edge, step.call);
      return;
    case "iam:CreatePolicyVersion":
    case "iam:DeletePolicyVersion":
    case "iam:SetDefaultPolicyVersion": {
      const arns: readonly string[] = Object.values(sharedPolicies);
      assert.ok(isShared && rollback.sharedPolicies && arns.includes(step.policyArn), step.call);
      return;
    }
    case "iam:UpdateRole":
    case "iam:TagRole":
    case "iam:UntagRole":
      assert.ok(isShared && altered, step.call);
      return;
  }
}

/** A pause that was made while the rollback was decided may come too late for it. */
function assertUnpaused({ startedAt }: Rollback, { pauses }: Control): void {
  const start = Date.parse(startedAt);
  const holds = pauses.some(({ at, until }) => Date.parse(at) < start - 5000 && start < Date.parse(until));
  assert.ok(!holds, "no rollback starts in a pause");
}

/** A person may have ended the observing phase while the rollback was decided. */
function assertActing({ startedAt }: Rollback, { observing }: Control, { isObserving }: Choice): void {
  const ended = isObserving ? observing?.ended?.at : startedAt;
  assert.ok(
    ended !== undefined && Date.parse(ended) - 5000 <= Date.parse(startedAt),
    "nothing that no person approved is written in the observing phase",
  );
}

/** Asserts that the owner or a person decided that a step is taken for a drift. */
async function assertDecided(
  { id }: Finding,
  { side }: Drift,
  planned: PlannedStep,
  rollback: Rollback,
  readings: readonly RoleReading[],
  history: History,
): Promise<void> {
  const control = await history.record();
  const { choice, started } = history;
  const what = `${planned.call} for ${planned.part}, ${side}`;
  const mode = choice.rollback[side];
  assert.ok(mode === "automatic" || mode === "approve", `${what}: the mode is ${mode}`);
  const approvals = listApprovals(id, rollback, control, history);
  if (approvals.length > 0) {
    const call = digestOf(Step.parse(Step.encode(planned)));
    const fits = ({ plan }: Approval) =>
      plan === undefined ||
      (plan.roleId === rollback.plan.roleId && plan.steps.some((step) => digestOf(step) === call));
    if (approvals.some(fits)) return;
  }
  assert.equal(mode, "automatic", `${what} is not approved`);
  assertActing(rollback, control, history.choice);
  // What somebody else added to is not left for the trusted actor.
  const makers =
    started
      .get(rollback.id)
      ?.causes.filter(({ findingId, undoneBy }) => findingId === id && undoneBy === undefined) ?? [];
  const isTrusted = makers.length > 0 && makers.every(({ actor }) => actor.issuer === pipelineRole);
  assert.ok(!isTrusted || !choice.trustsPipeline, `${what}: a trusted actor made it`);
  const hour = new Date(rollback.startedAt).getUTCHours();
  const isOpen =
    (choice.rollback.windows ?? []).length === 0 || (hour >= windowHours.from && hour < windowHours.to);
  // What one step removes and restores may be of two findings.
  const isRestoringApproved = planned.findings.some(
    (other) => listApprovals(other, rollback, control, history).length > 0,
  );
  if (isOpen) return;
  const isRemoval = side === "excess" && (!planned.restores || isRestoringApproved);
  // An earlier step of the rollback may have made the rest less severe than it was when it was decided.
  const isUrgent = await Promise.all(readings.map((reading) => isCritical(id, reading, history)));
  assert.ok(isRemoval && isUrgent.includes(true), `${what}: it waits for the window`);
}

/** Whether a drift of the role as it is, which the ledger may not show yet, is of severity CRITICAL. */
async function isCritical(
  id: string,
  reading: RoleReading,
  { clock, config, settings }: History,
): Promise<boolean> {
  const watched = findWatchedRole(settings, roleName);
  assert.ok(watched);
  const role = { account, name: roleName };
  const now = () => clock.now();
  const seen = await assessRole({ ...watched, uses: [], discovered: false }, reading, { now });
  return seen.some(
    (each) =>
      each.kind === "drift" &&
      identifyFinding(role, each) === id &&
      rateSeverity(each, { role, uses: [], config }) === "CRITICAL",
  );
}

/** Returns the approvals of a finding that were in force when a rollback started. */
function listApprovals(
  id: string,
  { startedAt }: Rollback,
  { causes }: Control,
  { choice, approvals }: History,
): readonly Approval[] {
  const start = Date.parse(startedAt);
  const listed = choice.rollback.approvers ?? [];
  // A later approval of a finding replaces the one before it.
  const last = approvals.findLast(({ findingId, at }) => findingId === id && Date.parse(at) <= start);
  return (last ? [last] : []).filter(({ by, userId, expires }) => {
    if (Date.parse(expires) <= start) return false;
    if (userId !== undefined && listed.length > 0 && !listed.includes(by)) return false;
    const isMaker = causes.some(
      (cause) => cause.findingId === id && cause.undoneBy === undefined && cause.actor.arn === by,
    );
    return !isMaker || by !== people.attacker;
  });
}

function assertSafe(
  { call, restores, note }: PlannedStep,
  before: Role,
  after: Role,
  at: number,
  exposures: History["exposures"],
): void {
  assert.ok(!grows(admissions(before), admissions(after)), `${call} lets a stranger in`);
  if (!restores) assertNoGain(before, after, at, `${call} restores nothing`);
  const isOwnRevocation = note === "Every session that it denies has ended.";
  if (!isOwnRevocation) assert.deepEqual(listLostDenies(before, after), [], `${call} keeps every Deny`);
  for (const exposure of exposures) {
    if (exposure.roleId !== before.id || !exposure.isKnown) continue;
    const last = exposure.to ?? at;
    const seconds = Math.max(exposure.sessionSeconds, sessionLimitOf(before));
    if (last + seconds * 1000 <= at) continue;
    const issued = exposure.to === undefined ? at + 1000 : last;
    assertNoGain(before, after, issued, `${call} gives a stranger's session nothing`);
  }
}

function assertNoGain(before: Role, after: Role, issuedAt: number, message: string): void {
  const issued = instantOf(new Date(issuedAt));
  assert.ok(!grows(permissions(before, issued), permissions(after, issued)), message);
}
