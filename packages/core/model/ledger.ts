import type { Finding } from "./finding.ts";
import { type Instant, millisecondsBetween } from "./instant.ts";
import type { RoleKey } from "./role.ts";
import type { Rollback } from "./rollback.ts";

/** All that is stored about one role, under one version number. */
export interface Ledger {
  readonly role: RoleKey;
  /** 0 where nothing is stored yet; every commit adds one or more. */
  readonly version: number;
  readonly findings: readonly Finding[];
  readonly rollbacks: readonly Rollback[];
}

/** The ledger of a role that nothing is known about. */
export function emptyLedger(role: RoleKey): Ledger {
  return { role, version: 0, findings: [], rollbacks: [] };
}

// Lambda ends a function after 15 minutes: a rollback that began before that runs no more.
const longestRunMinutes = 15;

/** Whether a rollback of the role may still be running at `now`. */
export function isRollbackUnderway(ledger: Ledger, now: Instant): boolean {
  return ledger.rollbacks.some((rollback) => rollback.status === "running" && !isAbandoned(rollback, now));
}

/** Closes rollbacks whose function was stopped before it could say how they ended; the same ledger where none was. */
export function closeAbandoned(ledger: Ledger, now: Instant): Ledger {
  if (!ledger.rollbacks.some((rollback) => isAbandoned(rollback, now))) return ledger;
  const failure = "It ended before it could say how: its function was stopped.";
  return {
    ...ledger,
    rollbacks: ledger.rollbacks.map((rollback) =>
      isAbandoned(rollback, now) ? { ...rollback, status: "failed", endedAt: now, failure } : rollback,
    ),
  };
}

function isAbandoned({ status, startedAt }: Rollback, now: Instant): boolean {
  return status === "running" && millisecondsBetween(startedAt, now) > longestRunMinutes * 60_000;
}

/**
 * How long a ledger keeps what is over. A rollback decides about later ones for the budget's window, and whose call a
 * late event tells; a finding's number must not come again while a transition of it is stored, 400 days at most.
 */
const keep = { rollbacks: 20, rollbackDays: 30, resolvedDays: 430 };

/**
 * The ledger without what is long over: rollbacks that ended more than 30 days ago, beyond the newest 20, and findings
 * that were resolved more than 430 days ago. The very ledger that was given where there is none.
 */
export function pruneLedger(ledger: Ledger, now: Instant): Ledger {
  const isOlder = (at: Instant, days: number) => millisecondsBetween(at, now) > days * 86_400_000;
  const findings = ledger.findings.filter(
    ({ state, updatedAt }) => state !== "resolved" || !isOlder(updatedAt, keep.resolvedDays),
  );
  const newest = new Set(
    ledger.rollbacks
      .toSorted((a, b) => millisecondsBetween(a.startedAt, b.startedAt))
      .slice(0, keep.rollbacks),
  );
  const rollbacks = ledger.rollbacks.filter(
    (rollback) =>
      newest.has(rollback) || rollback.status === "running" || !isOlder(rollback.endedAt, keep.rollbackDays),
  );
  const gone = ledger.findings.length - findings.length + ledger.rollbacks.length - rollbacks.length;
  return gone === 0 ? ledger : { ...ledger, findings, rollbacks };
}
