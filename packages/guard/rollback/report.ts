import type { Finding, OpenFinding } from "@drift-guard/core/model/finding";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import { isSamePart } from "@drift-guard/core/model/part";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { decideAndCommit } from "../commit.ts";
import type { RollbackPorts } from "../ports.ts";
import { replaceRollback } from "./execution.ts";

/** A finding that is not rolled back, and why. */
export interface FindingRefusal {
  readonly id: string;
  readonly reason: string;
  /** Whether the reason goes away without anyone's help, so that a sweep may request the rollback again. */
  readonly temporary?: boolean;
}

/**
 * Adds refusals to the open findings of the ledger. A reason that the finding already has makes no transition: events come
 * more than once.
 */
export function recordRefusals(
  ledger: Ledger,
  refusals: readonly FindingRefusal[],
  now: Instant,
): { readonly ledger: Ledger; readonly transitions: readonly Transition[] } {
  const transitions: Transition[] = [];
  const findings = ledger.findings.map((finding) => {
    const refusal = refusals.find(({ id }) => id === finding.id);
    if (!refusal || finding.state !== "open" || finding.refusal === refusal.reason) return finding;
    const after = withRefusal(finding, refusal.reason, refusal.temporary === true, now);
    transitions.push(createTransition(after, "refused", "refused", refusal.reason, now));
    return after;
  });
  return { ledger: transitions.length === 0 ? ledger : { ...ledger, findings }, transitions };
}

/**
 * Commits the end of a rollback, with a transition for each of its findings. It resolves none: a later clean read does.
 * Throws `StoreUnavailableError`.
 */
export async function concludeRollback(
  rollback: Rollback,
  key: RoleKey,
  ports: Pick<RollbackPorts, "findings" | "now">,
): Promise<void> {
  const now = instantOf(ports.now());
  const note = formatSummary(rollback);
  await decideAndCommit(ports.findings, key, (ledger) => {
    const transitions: Transition[] = [];
    const findings = ledger.findings.map((finding) => {
      if (!rollback.plan.findings.includes(finding.id)) return finding;
      const rolledBack = isRolledBack(finding, rollback);
      const after: Finding =
        rolledBack || finding.state !== "open"
          ? { ...finding, seq: finding.seq + 1, updatedAt: now }
          : withRefusal(finding, note, isTemporary(rollback), now);
      transitions.push(
        createTransition(after, rolledBack ? "rolled-back" : "refused", rollback.id, note, now),
      );
      return after;
    });
    return { ledger: { ...replaceRollback(ledger, rollback), findings }, transitions, result: undefined };
  });
}

function withRefusal(finding: OpenFinding, refusal: string, temporary: boolean, now: Instant): OpenFinding {
  const { retry: _, ...rest } = finding;
  return {
    ...rest,
    refusal,
    ...(temporary && { retry: true as const }),
    seq: finding.seq + 1,
    updatedAt: now,
  };
}

const listCarriedOut = ({ done }: Rollback) => done.filter(({ failed }) => failed === undefined);

// A finding is rolled back when every step on its part was carried out.
function isRolledBack({ evidence: { part } }: Finding, rollback: Rollback): boolean {
  if (rollback.status === "done") return true;
  const indexes = new Set(listCarriedOut(rollback).map(({ step }) => step));
  return rollback.plan.steps.every((step, index) => !isSamePart(step.part, part) || indexes.has(index));
}

function formatSummary(rollback: Rollback): string {
  const calls = listCarriedOut(rollback).flatMap(({ step }) => rollback.plan.steps[step]?.call ?? []);
  const summary = calls.length === 0 ? "Nothing was changed." : `Carried out: ${calls.join(", ")}.`;
  if (rollback.status !== "failed")
    return `${summary} The finding resolves when a later read finds the role clean.`;
  return `The rollback stopped: ${rollback.failure} ${summary}`;
}

// A refusal by IAM is permanent. A change of the role during the rollback, or a lost answer, is temporary.
function isTemporary({ done }: Rollback): boolean {
  return !done.some(({ failed }) => failed === "refused");
}

function createTransition(
  finding: Finding,
  kind: TransitionKind,
  rollbackId: string,
  note: string,
  at: Instant,
): Transition {
  return {
    schema: 1,
    id: `${finding.id}#${finding.seq}`,
    kind,
    at,
    cause: { kind: "rollback", rollbackId },
    note,
    finding,
  };
}
