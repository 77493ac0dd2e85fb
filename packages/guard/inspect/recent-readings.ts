import { cleanSinceOf } from "@drift-guard/core/model/finding";
import { isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import { formatRoleKey } from "@drift-guard/core/model/role";
import type { RecentReadings, TimedReading } from "@drift-guard/core/ports";

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
