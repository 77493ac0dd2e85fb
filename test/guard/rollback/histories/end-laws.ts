import assert from "node:assert/strict";
import { isExcepted } from "@drift-guard/core/evaluate/coverage";
import type { Control } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import type { Ledger } from "@drift-guard/core/model/ledger";
import { findObserving } from "@drift-guard/core/model/observing";
import { planRollback } from "@drift-guard/core/rollback/planner";
import { noteRevocations } from "@drift-guard/core/rollback/revocation-note";
import { findWatchedRolesWithUses } from "@drift-guard/guard/inspect/discovery";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { createPlanning } from "@drift-guard/guard/rollback/planning";
import { readDriftedPolicies } from "@drift-guard/guard/rollback/policies";
import { account } from "../../../builders.ts";
import { pipelineRole } from "./actors.ts";
import type { Choice } from "./choice.ts";
import type { History } from "./history.ts";
import { roleName } from "./worker.ts";
import type { WritingRollbacks } from "./write-laws.ts";

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
  const ledger = await history.findings.load({ account, name: roleName });
  const { findings } = ledger;
  assertTold(ledger, history);
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
  for (const { rollback } of known.values()) {
    const { plan, startedAt } = rollback;
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

/** Asserts that what people are told of each finding is true at that moment. */
export function assertTold({ findings }: Ledger, { started, choice, hasPipelineActed }: History): void {
  for (const finding of findings) {
    if (finding.state !== "open" || finding.refusal === undefined) continue;
    const { id, refusal } = finding;
    if (/\brollbacks (?:of the drift )?pause\b/.test(refusal)) {
      const rollbacks = [...started.values()].filter(({ findings: ids }) => ids.includes(id));
      assert.ok(rollbacks.length >= 3, "a drift whose rollbacks pause had three of its own");
    }
    if (!/change was made by .* whom the configuration trusts/.test(refusal)) continue;
    assert.ok(choice.trustsPipeline && hasPipelineActed, "only a trusted actor's drift waits for that");
    assert.ok(refusal.includes(pipelineRole.slice(pipelineRole.indexOf("/") + 1)), refusal);
  }
}

/** Asserts that each drift has an open finding, with the reason for which it is not rolled back. */
async function assertExplained(findings: readonly Finding[], history: History): Promise<void> {
  const { settings, config } = history;
  const ports = history.ports();
  const [watched] = await findWatchedRolesWithUses([roleName], ports, settings);
  assert.ok(watched);
  const observation = await observeRole(watched, ports);
  if (observation.status === "absent") return assertAbsent(findings);
  const { now, role } = observation;
  const control = await history.record();
  const assessments = noteRevocations(role, observation.assessments, control, now);
  const policies = await readDriftedPolicies(watched, observation, ports);
  const planned = planRollback(createPlanning({ watched, ...observation, policies, control, config }));
  const stopped = new Set<string>();
  for (const drift of assessments.filter((one): one is Drift => one.kind === "drift")) {
    const id = identifyFinding({ account, name: roleName }, drift);
    const what = `${drift.part} ${drift.side}`;
    const finding = findings.find((each) => each.id === id);
    assert.ok(finding, `${what} has a finding`);
    const isAccepted = isExcepted({ id, evidence: drift }, { exceptions: control.exceptions, now });
    assert.equal(finding.state, isAccepted ? "suppressed" : "open", what);
    const mode = history.choice.rollback[drift.side];
    const withheld = planned.withheld.find((each) => each.finding === id);
    const isApproved = control.approvals.some(({ findingId }) => findingId === id);
    const isPhase = findObserving(control, now) !== undefined;
    const isObserved = isPhase && mode !== "off" && !isApproved;
    if ((mode === "simulate" || isObserved) && !isAccepted) {
      const isPlanned = planned.simulated?.findings.includes(id) === true;
      if (isPlanned || withheld) assert.ok(finding.simulation, `${what} says what a rollback would do`);
      continue;
    }
    if (isAccepted || mode === "off") continue;
    // In the phase, an approval has the drift planned until it expires, and simulated afterwards.
    if (isPhase && isApproved) {
      const isPlanned = planned.simulated?.findings.includes(id) === true;
      if (isPlanned || withheld) assert.ok(finding.simulation ?? finding.refusal, `${what} has a reason`);
      continue;
    }
    assert.ok(finding.refusal, `${what} has a reason: ${withheld?.reason ?? "none"}`);
    if (/^The rollback stopped/.test(finding.refusal)) {
      assert.doesNotMatch(
        finding.refusal,
        /ConcurrentModification|TemporarilyUnmodifiable/,
        "it passes by itself",
      );
      stopped.add(id);
      continue;
    }
    assert.equal(withoutDetails(finding.refusal), withoutDetails(withheld?.reason ?? "no reason"), what);
  }
  const left = planned.plan.steps.filter((step) => !step.findings.some((id) => stopped.has(id)));
  assert.deepEqual(
    left.map(({ call, part }) => `${call} ${part}`),
    [],
    "nothing is left that would be rolled back",
  );
}

function assertAbsent(findings: readonly Finding[]): void {
  const unresolved = findings.filter(({ state }) => state !== "resolved");
  assert.ok(unresolved.length > 0, "an absent role has a finding");
}

/** Returns a reason without its times, and without who made a role anew, which the event of that may have told. */
function withoutDetails(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME").replace(/made again by \S+:/, "made again:");
}
