import type { Attempts, Control } from "@drift-guard/core/model/control";
import type { Finding, OpenFinding } from "@drift-guard/core/model/finding";
import { digestOf } from "@drift-guard/core/model/identity";
import {
  type Instant,
  instantOf,
  isBefore,
  millisecondsBetween,
  momentAfter,
} from "@drift-guard/core/model/instant";
import { takeBytes } from "@drift-guard/core/model/json-size";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { PlannedStep } from "@drift-guard/core/model/plan";
import type { RoleKey } from "@drift-guard/core/model/role";
import { type EndedRollback, listEffective } from "@drift-guard/core/model/rollback";
import type { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { describeContest, isContested, listUndoingStarts } from "@drift-guard/core/rollback/attempts";
import { listRevocations } from "@drift-guard/core/rollback/revocation";
import { decideAndCommit } from "../commit.ts";
import { decideOnControl } from "../control-commit.ts";
import type { RollbackPorts } from "../ports.ts";
import { listUndone } from "./execution.ts";

/** A finding that is not rolled back, and why. */
export interface FindingRefusal {
  readonly id: string;
  readonly reason: string;
  /** Whether the reason goes away without anyone's help, so that a sweep may request the rollback again. */
  readonly temporary: boolean;
  /** Whether the finding only shows the reason: people were told of it otherwise. */
  readonly quiet: boolean;
}

/** What a simulated rollback would have done for a finding, or why it would have done nothing. */
export type FindingSimulation = { readonly id: string } & (
  | { readonly steps: readonly PlannedStep[] }
  | { readonly reason: string }
);

type ReportPorts = Pick<RollbackPorts, "findings" | "control" | "now">;

/**
 * Adds refusals to the open findings of the ledger. A reason that the finding already has makes no transition: events come
 * more than once.
 */
function addRefusals(
  ledger: Ledger,
  refusals: readonly FindingRefusal[],
  now: Instant,
): { readonly ledger: Ledger; readonly transitions: readonly Transition[] } {
  const transitions: Transition[] = [];
  const findings = ledger.findings.map((finding) => {
    const refusal = refusals.find(({ id }) => id === finding.id);
    if (!refusal || finding.state !== "open" || finding.refusal === refusal.reason) return finding;
    const refused = withRefusal(finding, refusal);
    if (refusal.quiet) return refused;
    const [after, transition] = move(refused, "refused", undefined, refusal.reason, now);
    transitions.push(transition);
    return after;
  });
  const isSame = findings.every((finding, index) => finding === ledger.findings[index]);
  return { ledger: isSame ? ledger : { ...ledger, findings }, transitions };
}

/** Commits refusals to the findings ledger, with a transition for each that people have not been told of. */
export async function reportRefusals(
  refusals: readonly FindingRefusal[],
  key: RoleKey,
  { findings, now }: ReportPorts,
): Promise<void> {
  if (refusals.length === 0) return;
  const at = instantOf(now());
  await decideAndCommit(findings, key, (ledger) => ({
    ...addRefusals(ledger, refusals, at),
    result: undefined,
  }));
}

/** The most bytes of JSON that the steps of a simulation take in a transition: its item holds the finding too. */
const maxStepBytes = 60_000;

/**
 * Commits to the findings ledger what simulated rollbacks would have done, with a transition for each finding: once for the
 * same evidence and calls. Throws `StoreUnavailableError`.
 */
export async function reportSimulations(
  simulations: readonly FindingSimulation[],
  key: RoleKey,
  { findings, now }: ReportPorts,
): Promise<void> {
  if (simulations.length === 0) return;
  const at = instantOf(now());
  await decideAndCommit(findings, key, (ledger) => {
    const transitions: Transition[] = [];
    const after = ledger.findings.map((finding) => {
      const simulation = simulations.find(({ id }) => id === finding.id);
      const digest = simulation && digestSimulation(simulation);
      if (!simulation || finding.state !== "open" || finding.simulation === digest) return finding;
      const [told, transition] = move(
        { ...finding, ...(digest !== undefined && { simulation: digest }) },
        "simulated",
        undefined,
        noteSimulation(simulation),
        at,
      );
      const steps = "steps" in simulation ? takeBytes(simulation.steps, maxStepBytes) : [];
      transitions.push({ ...transition, ...(steps.length > 0 && { steps }) });
      return told;
    });
    return {
      ledger: transitions.length === 0 ? ledger : { ...ledger, findings: after },
      transitions,
      result: undefined,
    };
  });
}

// The document and the name of a policy that ends sessions hold the time.
function digestSimulation(simulation: FindingSimulation): string {
  if ("reason" in simulation) return "withheld";
  const lasting = simulation.steps.filter(({ revokesUntil }) => revokesUntil === undefined);
  return digestOf(lasting.map(({ call, part }) => [call, part]));
}

function noteSimulation(simulation: FindingSimulation): string {
  if ("reason" in simulation) return `A rollback would not be carried out: ${simulation.reason}`;
  return `A rollback would carry out: ${formatCalls(simulation.steps.map(({ call }) => call))}.`;
}

/**
 * Tells people of the rollbacks that have ended and that the findings ledger does not show yet: commits a transition for
 * each of their findings, and then marks the rollbacks as told. A rollback of a finding that the ledger does not have yet is
 * marked after a day, and the finding told of once it is there. Resolves no finding: a later clean read does. Throws
 * `StoreUnavailableError`.
 */
export async function reportRollbacks(control: Control, key: RoleKey, ports: ReportPorts): Promise<void> {
  const untold = control.rollbacks.filter(
    (rollback): rollback is EndedRollback => rollback.status !== "running" && rollback.told !== true,
  );
  if (untold.length === 0) return;
  const now = instantOf(ports.now());
  const ids = new Set<string>();
  for (const rollback of untold) {
    const { result: isWhole } = await decideAndCommit(ports.findings, key, (ledger) => ({
      ...conclude(ledger, rollback, now),
      result: listExpected(rollback, control).every((id) =>
        ledger.findings.some((finding) => finding.id === id),
      ),
    }));
    if (isWhole || millisecondsBetween(rollback.endedAt, now) > longestWaitMs) ids.add(rollback.id);
  }
  if (ids.size === 0) return;
  await decideOnControl(ports.control, key, now, (current) => ({
    control: {
      ...current,
      rollbacks: current.rollbacks.map((rollback) =>
        rollback.status !== "running" && ids.has(rollback.id)
          ? { ...rollback, told: true as const }
          : rollback,
      ),
    },
    result: undefined,
  }));
}

const longestWaitMs = 86_400_000;

// The removal of the guard's own policy that ended sessions belongs to no finding of the ledger.
function listExpected({ plan: { steps, findings } }: EndedRollback, control: Control): readonly string[] {
  const own = new Set(listRevocations(control).map(({ policyName }) => policyName));
  const isOwn = (step: PlannedStep) => step.call === "iam:DeleteRolePolicy" && own.has(step.policyName);
  return findings.filter((id) => steps.some((step) => step.findings.includes(id) && !isOwn(step)));
}

function conclude(
  ledger: Ledger,
  rollback: EndedRollback,
  now: Instant,
): { readonly ledger: Ledger; readonly transitions: readonly Transition[] } {
  const { id, endedAt, plan } = rollback;
  const undone = new Set(listUndone(rollback));
  const transitions: Transition[] = [];
  const findings = ledger.findings.map((finding) => {
    // A crash after this commit repeats it.
    if (!plan.findings.includes(finding.id) || finding.rollback?.id === id) return finding;
    const isUndone = undone.has(finding.id);
    const note = [formatSummary(rollback), ...listNotes(rollback, finding.id)].join(" ");
    const marked: Finding = { ...finding, rollback: { id, endedAt, undone: isUndone } };
    const before: Finding =
      isUndone || marked.state !== "open"
        ? marked
        : withRefusal(marked, { reason: note, temporary: isTemporary(rollback) });
    const [after, transition] = move(before, isUndone ? "rolled-back" : "refused", id, note, now);
    transitions.push(transition);
    return after;
  });
  return { ledger: transitions.length === 0 ? ledger : { ...ledger, findings }, transitions };
}

/**
 * Announces the findings that something else keeps setting, each once, with the other actor, its tool and its period.
 * Throws `StoreUnavailableError`.
 */
export async function reportContests(control: Control, key: RoleKey, ports: ReportPorts): Promise<void> {
  const now = instantOf(ports.now());
  const contested = control.attempts.filter((each) => isNewContest(each, control, now));
  if (contested.length === 0) return;
  const told = await decideAndCommit(ports.findings, key, (ledger) => {
    const transitions: Transition[] = [];
    const known = new Set<string>();
    const findings = ledger.findings.map((finding) => {
      const each = contested.find(({ findingId }) => findingId === finding.id);
      if (each === undefined) return finding;
      known.add(finding.id);
      const [lastStart] = each.starts.slice(-1);
      // A crash after this commit repeats it.
      if (
        finding.contestedAt !== undefined &&
        lastStart !== undefined &&
        !isBefore(finding.contestedAt, lastStart)
      )
        return finding;
      const cause = control.causes.findLast(({ findingId }) => findingId === finding.id);
      const note = describeContest(listUndoingStarts(control, finding.id, now), cause);
      const [after, transition] = move({ ...finding, contestedAt: now }, "contested", undefined, note, now);
      transitions.push(cause ? { ...transition, actor: cause.actor } : transition);
      return after;
    });
    return {
      ledger: transitions.length === 0 ? ledger : { ...ledger, findings },
      transitions,
      result: known,
    };
  });
  await decideOnControl(ports.control, key, now, (current) => ({
    control: {
      ...current,
      attempts: current.attempts.map((each) =>
        told.result.has(each.findingId) ? { ...each, contestedAt: now } : each,
      ),
    },
    result: undefined,
  }));
}

function isNewContest(
  { findingId, contestedAt }: Attempts,
  control: Pick<Control, "attempts" | "resets">,
  now: Instant,
): boolean {
  if (!isContested(control, findingId, now)) return false;
  const reset = control.resets.find((each) => each.findingId === findingId);
  return contestedAt === undefined || (reset !== undefined && isBefore(contestedAt, reset.at));
}

function withRefusal(
  finding: OpenFinding,
  { reason, temporary }: Pick<FindingRefusal, "reason" | "temporary">,
): OpenFinding {
  const { retry: _, ...rest } = finding;
  return { ...rest, refusal: reason, ...(temporary && { retry: true as const }) };
}

function move(
  finding: Finding,
  kind: TransitionKind,
  rollbackId: string | undefined,
  note: string,
  now: Instant,
): readonly [after: Finding, transition: Transition] {
  const at = momentAfter(finding.updatedAt, now);
  const after = { ...finding, seq: finding.seq + 1, updatedAt: at };
  const transition: Transition = {
    schema: 1,
    id: `${after.id}#${after.seq}`,
    kind,
    at,
    cause: { kind: "rollback", ...(rollbackId !== undefined && { rollbackId }) },
    note,
    finding: after,
  };
  return [after, transition];
}

function formatSummary(rollback: EndedRollback): string {
  const calls = listEffective(rollback).flatMap((step) => rollback.plan.steps[step]?.call ?? []);
  const summary = calls.length === 0 ? "Nothing was changed." : `Carried out: ${formatCalls(calls)}.`;
  if (rollback.status !== "failed")
    return `${summary} The finding resolves when a later read finds the role clean.`;
  return `The rollback stopped: ${rollback.failure} ${summary}`;
}

/** Returns what people should know of the steps that took effect for a finding. */
function listNotes(rollback: EndedRollback, findingId: string): readonly string[] {
  return listEffective(rollback).flatMap((index) => {
    const step = rollback.plan.steps[index];
    return step?.findings.includes(findingId) ? (step.note ?? []) : [];
  });
}

// A rollback can remove 150 inline policies.
function formatCalls(calls: readonly string[]): string {
  const counts = Map.groupBy(calls, (call) => call);
  return [...counts]
    .map(([call, { length }]) => (length === 1 ? call : `${call} (${length} times)`))
    .join(", ");
}

/**
 * Whether what stopped a rollback passes by itself: a change of the role during the rollback, a lost answer, or a refusal of
 * IAM that asks for a later try. Every other refusal by IAM is permanent.
 */
export function isTemporary({ steps }: EndedRollback): boolean {
  const last = steps.at(-1)?.outcome;
  return last?.status !== "refused" || isPassing(last.code);
}

// docs/aws-facts.md, "IAM reads and writes". The SDK's errors end in "Exception".
function isPassing(code: string): boolean {
  return /^(ConcurrentModification|EntityTemporarilyUnmodifiable|Throttling|RequestLimitExceeded|TooManyRequests|ServiceFailure|ServiceUnavailable|ExpiredToken|RequestExpired)/.test(
    code,
  );
}
