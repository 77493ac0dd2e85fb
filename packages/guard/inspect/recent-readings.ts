import { cleanSinceOf } from "@drift-guard/core/model/finding";
import { type Instant, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import { formatRoleKey, type RoleReading } from "@drift-guard/core/model/role";

/** A reading of a role, and when it began. */
export interface TimedReading {
  readonly reading: RoleReading;
  readonly began: Instant;
}

/** When a role is judged, and which readings may serve. */
export interface ReadingMoment {
  readonly from: Instant;
  readonly now: Instant;
  readonly settleSeconds: number;
}

/** The last reading of each role that a process judged. */
export interface RecentReadings {
  /**
   * Returns a reading that shows all that a message is about: it began at `from` or later. Undefined if there is none, if
   * it is older than a minute, if the ledger is not the one that the reading led to, or if a finding has waited `settleSeconds`
   * for another read.
   */
  find(ledger: Ledger, moment: ReadingMoment): TimedReading | undefined;
  /** Keeps the reading that led to this ledger. */
  keep(ledger: Ledger, reading: TimedReading): void;
}

const maxAgeMs = 60_000;
const maxRoles = 50;

/**
 * Creates an empty memory of readings. With it, a burst of changes of one role costs few reads: a change that was waiting
 * when a read began is judged by that read, as long as nobody else has judged the role since. The last change of a burst
 * was not waiting, or is shown by the read.
 */
export function rememberReadings(): RecentReadings {
  const kept = new Map<string, TimedReading & { readonly version: number }>();
  return {
    find(ledger, { from, now, settleSeconds }) {
      const found = kept.get(formatRoleKey(ledger.role));
      // A ledger of this version was made from this reading: no newer read is overwritten.
      if (found === undefined || found.version !== ledger.version) return undefined;
      if (isBefore(found.began, from) || millisecondsBetween(found.began, now) > maxAgeMs) return undefined;
      if (ledger.forged || ledger.outdated) return undefined;
      // A finding is resolved by two reads, not by one that counts twice.
      const isResolving = ledger.findings.some((finding) => {
        const since = cleanSinceOf(finding);
        return since !== undefined && millisecondsBetween(since, now) >= settleSeconds * 1000;
      });
      return isResolving ? undefined : found;
    },
    keep(ledger, reading) {
      const key = formatRoleKey(ledger.role);
      kept.delete(key);
      kept.set(key, { ...reading, version: ledger.version });
      const [oldest] = kept.keys();
      if (kept.size > maxRoles && oldest !== undefined) kept.delete(oldest);
    },
  };
}
