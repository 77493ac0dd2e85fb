import assert from "node:assert/strict";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import type { Control } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import { isExcepted } from "@drift-guard/core/model/exception";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { PlannedStep } from "@drift-guard/core/model/plan";
import type { Role } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import { planRollback } from "@drift-guard/core/rollback/planner";
import { assessRole } from "@drift-guard/guard/inspect/assessment";
import { account } from "../../../builders.ts";
import { listLostDenies } from "../../../core/rollback/denies.ts";
import type { Choice, GuardWrite, History } from "./history.ts";
import { admissions, grows, jobsPolicy, permissions, roleName } from "./worker.ts";

/** The rollbacks that wrote the role, as they were at their first write, by id. */
export type WritingRollbacks = Map<string, Rollback>;

/** Creates the laws that hold at every write of the guard. Rollbacks that write are added to `known`. */
export function createWriteLaws(known: WritingRollbacks) {
  return async (write: GuardWrite, history: History): Promise<void> => {
    const control = await history.record();
    const rollback = control.rollbacks.find(({ id }) => id === write.trace.rollbackId);
    assert.ok(rollback, "a write belongs to a stored rollback");
    if (!known.has(rollback.id)) known.set(rollback.id, rollback);
    const planned = rollback.plan.steps[write.trace.step];
    assert.ok(planned, "a write is a planned step");
    assert.ok(
      rollback.steps.some(({ step, outcome }) => step === write.trace.step && outcome === undefined),
      "a step is stored before its call",
    );
    assert.equal(write.step.role, roleName, "only the guarded role is written");
    assertConfigured(write, history.choice);
    assertUnpaused(rollback, control);
    const { before, after } = write;
    assert.ok(before.status === "present" && after.status === "present");
    const isApproved = planned.findings.some((id) =>
      control.approvals.some(({ findingId }) => findingId === id),
    );
    if (write.isRace || isApproved) return;
    assert.equal(before.role.id, rollback.plan.roleId, "a role that was made anew is not written");
    const { findings } = await history.findings.load({ account, name: roleName });
    const isAccepted = findings.some(
      ({ id, evidence }) =>
        evidence.part.kind === "trust" && control.exceptions.some(({ findingId }) => findingId === id),
    );
    assertSafe(planned, before.role, after.role, write.at, {
      // Somebody whom the owner accepted is no stranger.
      exposures: isAccepted ? [] : history.exposures,
    });
    const isKnownRole = control.enrolment?.roleId === before.role.id;
    if (!isKnownRole) assertNoGain(before.role, after.role, write.at, "an unknown role gets nothing");
  };
}

/** Asserts that a call is one that the owner's choice can lead to. */
function assertConfigured({ step }: GuardWrite, { rollback }: Choice): void {
  const isOn = (side: "excess" | "missing" | "altered") =>
    rollback[side] === "automatic" || rollback[side] === "approve";
  const [excess, missing] = [isOn("excess"), isOn("missing")];
  switch (step.call) {
    case "iam:AttachRolePolicy":
      assert.ok(missing && step.policyArn === jobsPolicy, "only the reference's policies are attached");
      return;
    case "iam:DetachRolePolicy":
      assert.ok(excess && step.policyArn !== jobsPolicy, "only other policies are detached");
      return;
    case "iam:DeleteRolePolicy":
    case "iam:PutRolePolicy":
    case "iam:UpdateAssumeRolePolicy":
      assert.ok(excess || missing, step.call);
      return;
    case "iam:DeleteRolePermissionsBoundary":
      assert.ok(missing || isOn("altered"), step.call);
      return;
    default:
      assert.fail(`${step.call} is not possible for this reference`);
  }
}

/** A pause that was made while the rollback was decided may come too late for it. */
function assertUnpaused({ startedAt }: Rollback, { pauses }: Control): void {
  const start = Date.parse(startedAt);
  const holds = pauses.some(({ at, until }) => Date.parse(at) < start - 5000 && start < Date.parse(until));
  assert.ok(!holds, "no rollback starts in a pause");
}

function assertSafe(
  { call, restores, note }: PlannedStep,
  before: Role,
  after: Role,
  at: number,
  { exposures }: Pick<History, "exposures">,
): void {
  assert.ok(!grows(admissions(before), admissions(after)), `${call} lets a stranger in`);
  if (!restores) assertNoGain(before, after, at, `${call} restores nothing`);
  const isOwnRevocation = note === "Every session that it denies has ended.";
  if (!isOwnRevocation) assert.deepEqual(listLostDenies(before, after), [], `${call} keeps every Deny`);
  const seconds = before.maxSession.observed ? before.maxSession.value : 43_200;
  for (const exposure of exposures) {
    if (exposure.roleId !== before.id || !exposure.isKnown) continue;
    const last = exposure.to ?? at;
    if (last + seconds * 1000 <= at) continue;
    const issued = exposure.to === undefined ? at + 1000 : last;
    assertNoGain(before, after, issued, `${call} gives a stranger's session nothing`);
  }
}

function assertNoGain(before: Role, after: Role, issuedAt: number, message: string): void {
  const issued = instantOf(new Date(issuedAt));
  assert.ok(!grows(permissions(before, issued), permissions(after, issued)), message);
}

/** Asserts what holds after every history, once the guard has come to rest. */
export async function assertEnd(history: History, known: WritingRollbacks): Promise<void> {
  const control = await history.record();
  for (const rollback of control.rollbacks) {
    assert.notEqual(rollback.status, "running", "no rollback runs for ever");
    assert.ok(rollback.status !== "running" && rollback.told, "people are told of every rollback");
  }
  for (const { kind, cause } of history.transitions) {
    assert.ok(kind !== "resolved" || cause.kind !== "rollback", "a rollback resolves no finding");
  }
  assertLimits(known, control, history.choice);
  const { findings } = await history.findings.load({ account, name: roleName });
  assertThieves(findings, history);
  await assertExplained(findings, history);
}

function assertThieves(findings: readonly Finding[], { transitions, thefts, otherThefts }: History): void {
  const all = [...thefts, ...otherThefts];
  for (const { evidence } of [...findings, ...transitions.map(({ finding }) => finding)]) {
    if (evidence.kind !== "impersonation") continue;
    assert.ok(all.includes(evidence.changeId), "nobody is called a thief who is not");
  }
  const told = findings.some(({ evidence, state }) => evidence.kind === "impersonation" && state === "open");
  assert.ok(told || thefts.length === 0, "a thief is reported");
}

const minute = 60_000;

function assertLimits(known: WritingRollbacks, { approvals, resets }: Control, choice: Choice): void {
  const decided = new Set([...approvals, ...resets].map(({ findingId }) => findingId));
  const starts = new Map<string, number[]>();
  const restoring = new Map<number, number>();
  for (const { plan, startedAt } of known.values()) {
    const at = Date.parse(startedAt);
    for (const id of plan.findings) starts.set(id, [...(starts.get(id) ?? []), at]);
    // A removal of critical excess is never stopped by the cap, whatever it restores.
    const restores = plan.steps.some(({ restores: is, call }) => is && call === "iam:AttachRolePolicy");
    const hour = Math.floor(at / (60 * minute));
    if (restores) restoring.set(hour, (restoring.get(hour) ?? 0) + 1);
  }
  for (const count of restoring.values()) assert.ok(count <= choice.restoringPerHour, "the cap holds");
  for (const [id, times] of starts) {
    if (decided.has(id)) continue;
    const inOrder = times.toSorted((a, b) => a - b);
    for (const [index, at] of inOrder.entries()) {
      const previous = inOrder[index - 1];
      if (index < 3 || previous === undefined) continue;
      const pause = Math.min(5 * 2 ** (index - 3), 360) * minute;
      assert.ok(at - previous >= pause, `attempt ${index + 1} comes ${(at - previous) / minute} min after`);
    }
  }
}

/** Asserts that each drift has an open finding, with the reason for which it is not rolled back. */
async function assertExplained(findings: readonly Finding[], history: History): Promise<void> {
  const watched = findWatchedRole(history.settings, roleName);
  assert.ok(watched);
  const now = history.clock.now();
  const reading = await history.truth();
  const control = await history.record();
  const assessments = await assessRole({ ...watched, uses: [], discovered: false }, reading, {
    now: () => now,
  });
  const drifts = assessments.filter((one): one is Drift => one.kind === "drift");
  const key = { account, name: roleName };
  const planned =
    reading.status === "absent"
      ? undefined
      : planRollback({
          ...watched,
          role: reading.role,
          assessments,
          control: { ...control, causes: control.causes.filter(({ undoneBy }) => undoneBy === undefined) },
          config: history.config,
          now: instantOf(now),
        });
  for (const drift of drifts) {
    const id = identifyFinding(key, drift);
    const what = `${drift.part} ${drift.side}`;
    const finding = findings.find((each) => each.id === id);
    assert.ok(finding, `${what} has a finding`);
    const isAccepted = isExcepted(
      { id, evidence: drift },
      { exceptions: control.exceptions, now: instantOf(now) },
    );
    assert.equal(finding.state, isAccepted ? "suppressed" : "open", what);
    const mode = history.config.roles[roleName]?.rollback[drift.side];
    if (isAccepted || planned === undefined || mode === "off" || mode === "simulate") continue;
    const withheld = planned.withheld.find((each) => each.finding === id && !each.simulated);
    assert.ok(finding.refusal, `${what} has a reason: ${withheld?.reason ?? "none"}`);
    if (/^The rollback stopped/.test(finding.refusal)) continue;
    assert.equal(withoutDetails(finding.refusal), withoutDetails(withheld?.reason ?? "no reason"), what);
  }
  const left = planned?.plan.steps.map(({ call, part }) => `${call} ${part}`) ?? [];
  assert.deepEqual(left, [], "nothing is left that would be rolled back");
}

/** Returns a reason without its times, and without who made a role anew, which the event of that may have told. */
function withoutDetails(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME").replace(/made again by \S+:/, "made again:");
}
