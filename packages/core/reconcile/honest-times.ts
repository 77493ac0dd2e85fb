import { cleanSinceOf, type Finding } from "../model/finding.ts";
import { type Instant, isAhead } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";

/**
 * Returns a ledger without the times that lie ahead of `now`: somebody forged them. Such a finding would be told with a false
 * time, never resolve, and have other findings pruned. Returns the same ledger if there are none.
 */
export function dropFutureTimes(ledger: Ledger, now: Instant): Ledger {
  const findings = ledger.findings.map((finding) => withoutFuture(finding, now));
  return findings.every((finding, index) => finding === ledger.findings[index])
    ? ledger
    : { ...ledger, findings };
}

function withoutFuture(finding: Finding, now: Instant): Finding {
  const { openedAt, updatedAt, firstSeenAt = openedAt, lastSeenAt = updatedAt } = finding;
  const cleanSince = cleanSinceOf(finding);
  const times = [openedAt, updatedAt, firstSeenAt, lastSeenAt, cleanSince ?? updatedAt];
  if (!times.some((time) => isAhead(time, now))) return finding;
  const bound = (time: Instant) => (isAhead(time, now) ? now : time);
  const bounded = {
    openedAt: bound(openedAt),
    updatedAt: bound(updatedAt),
    firstSeenAt: bound(firstSeenAt),
    lastSeenAt: bound(lastSeenAt),
  };
  return finding.state === "resolved" || cleanSince === undefined
    ? { ...finding, ...bounded }
    : { ...finding, ...bounded, cleanSince: bound(cleanSince) };
}
