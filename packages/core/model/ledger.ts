import type { Finding } from "./finding.ts";
import { type Instant, millisecondsBetween } from "./instant.ts";
import type { RoleKey } from "./role.ts";

/** The findings of one role, stored under one version number. */
export interface Ledger {
  readonly role: RoleKey;
  /** 0 if nothing is stored yet; every commit adds at least one. */
  readonly version: number;
  readonly findings: readonly Finding[];
  /**
   * Keys of stored items that cannot be read or that the ledger did not write, and of findings that it wrote and that are
   * gone. They were not used; the next commit overwrites or removes them. Left out if there are none.
   */
  readonly forged?: readonly string[];
  /** The number of the last transition of findings that are not in `findings` because they are forged, by id. */
  readonly usedNumbers?: ReadonlyMap<string, number>;
  /** Set if an item has the schema of an older version: the next commit writes all of them anew. */
  readonly outdated?: true;
}

/** Returns the ledger of a role without stored findings. */
export function emptyLedger(role: RoleKey): Ledger {
  return { role, version: 0, findings: [] };
}

/**
 * How long resolved findings are kept, in days. A resolved finding keeps its sequence number from being used twice while
 * its transitions are stored, which is up to 400 days.
 */
const resolvedDays = 430;

/** Removes findings that were resolved more than 430 days ago. Returns the same ledger if there are none. */
export function pruneLedger(ledger: Ledger, now: Instant): Ledger {
  const findings = ledger.findings.filter(
    ({ state, updatedAt }) =>
      state !== "resolved" || millisecondsBetween(updatedAt, now) <= resolvedDays * 86_400_000,
  );
  return findings.length === ledger.findings.length ? ledger : { ...ledger, findings };
}
