import { cleanSinceOf, type Finding } from "@drift-guard/core/model/finding";
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
    find(ledger, { from, now }) {
      const found = kept.get(formatRoleKey(ledger.role));
      // A ledger of this version was made from this reading: no newer read is overwritten.
      if (found === undefined || found.version !== ledger.version) return undefined;
      const age = millisecondsBetween(found.began, now);
      if (isBefore(found.began, from) || age < 0 || age > maxAgeMs) return undefined;
      if (ledger.forged || ledger.outdated || ledger.findings.some(awaitsRead)) return undefined;
      return found;
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

/** Whether another read of the role decides about a finding: it is resolved by two, and says whether a rollback lasts. */
function awaitsRead(finding: Finding): boolean {
  if (cleanSinceOf(finding) !== undefined) return true;
  return (
    finding.rollback?.undone === true && finding.rollback.returned !== true && finding.state !== "resolved"
  );
}
