import type { Finding } from "./finding.ts";
import { type Instant, millisecondsBetween } from "./instant.ts";
import type { RoleKey } from "./role.ts";
import type { Rollback } from "./rollback.ts";

/** The findings and rollbacks of one role, stored under one version number. */
export interface Ledger {
  readonly role: RoleKey;
  /** 0 if nothing is stored yet; every commit adds at least one. */
  readonly version: number;
  readonly findings: readonly Finding[];
  readonly rollbacks: readonly Rollback[];
}

/** Returns the ledger of a role without stored findings. */
export function emptyLedger(role: RoleKey): Ledger {
  return { role, version: 0, findings: [], rollbacks: [] };
}

// Lambda stops a function after 15 minutes, so a rollback that started earlier is no longer running.
const longestRunMinutes = 15;

/** Whether a rollback of the role may still be running at `now`. */
export function isRollbackUnderway(ledger: Ledger, now: Instant): boolean {
  return ledger.rollbacks.some((rollback) => rollback.status === "running" && !isAbandoned(rollback, now));
}

/** Marks rollbacks as failed whose function was stopped before it recorded their end. Returns the same ledger if none was. */
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
 * How long ended rollbacks and resolved findings are kept. A rollback counts against later ones for the budget's window,
 * and identifies its own calls in late events. A resolved finding keeps its sequence number from being used twice while
 * its transitions are stored, which is up to 400 days.
 */
const retention = { rollbacks: 20, rollbackDays: 30, resolvedDays: 430 };

/**
 * Removes rollbacks that ended more than 30 days ago, except the newest 20, and findings that were resolved more than 430
 * days ago. Returns the same ledger if there are none.
 */
export function pruneLedger(ledger: Ledger, now: Instant): Ledger {
  const isOlder = (at: Instant, days: number) => millisecondsBetween(at, now) > days * 86_400_000;
  const findings = ledger.findings.filter(
    ({ state, updatedAt }) => state !== "resolved" || !isOlder(updatedAt, retention.resolvedDays),
  );
  const newest = new Set(
    ledger.rollbacks
      .toSorted((a, b) => millisecondsBetween(a.startedAt, b.startedAt))
      .slice(0, retention.rollbacks),
  );
  const rollbacks = ledger.rollbacks.filter(
    (rollback) =>
      newest.has(rollback) ||
      rollback.status === "running" ||
      !isOlder(rollback.endedAt, retention.rollbackDays),
  );
  const gone = ledger.findings.length - findings.length + ledger.rollbacks.length - rollbacks.length;
  return gone === 0 ? ledger : { ...ledger, findings, rollbacks };
}
