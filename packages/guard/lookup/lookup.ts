import type { Finding } from "@drift-guard/core/model/finding";
import {
  addSeconds,
  type Instant,
  instantOf,
  isBefore,
  millisecondsBetween,
} from "@drift-guard/core/model/instant";
import type { LookupRequest } from "@drift-guard/core/model/lookup-request";
import type { RoleKey } from "@drift-guard/core/model/role";
import { lacksAuthor, mayHaveSessions } from "@drift-guard/core/reconcile/lookup";
import type { GuardSettings, LookupPorts } from "../ports.ts";
import { findMakers } from "./makers.ts";
import { recordResults } from "./results.ts";
import { findSessions } from "./sessions.ts";

/** What a lookup of one role found. */
export interface LookupReport {
  /** The number of drifts whose author was not known. */
  readonly sought: number;
  /** The number of them for which CloudTrail shows one. */
  readonly attributed: number;
  /** The number of sessions that a drift of the trust policy let in, those of AWS services aside. */
  readonly sessions: number;
  /** Whether CloudTrail is asked again, since it may show more later. */
  readonly again: boolean;
}

// Most calls are shown about five minutes after they were made, and no page promises a time (docs/aws-facts.md, "Event
// history").
const retrySeconds = 300;
const lastTrySeconds = 1200;

/**
 * Looks up in CloudTrail who caused the drifts of a role whose authors are not known, and which sessions were issued while
 * its trust policy was too wide. A change that was found is kept, and the role is read again as at a recheck of that change,
 * so that it counts as its event would have. Throws `TrailUnreadableError`, `StoreUnavailableError` and `DeliveryError`.
 */
export async function lookUpRole(
  { role, began }: LookupRequest,
  ports: LookupPorts,
  settings: GuardSettings,
): Promise<LookupReport> {
  const key: RoleKey = { account: settings.account, name: role };
  const now = instantOf(ports.now());
  const { findings } = await ports.findings.load(key);
  const sought = findings.filter(lacksAuthor);
  const exposing = findings.filter((finding) => mayHaveSessions(finding, now));
  const isLast = millisecondsBetween(began, now) >= lastTrySeconds * 1000;
  const { makers, since } = await findMakers(sought, key, ports, settings);
  const changes = new Map([...makers.values()].map((change) => [change.id, change]));
  for (const change of changes.values()) {
    await ports.rechecks.schedule({ role, change: await ports.changes.keep(key, change) }, 0);
  }
  const sessions = new Map(
    await Promise.all(
      exposing.map(async (finding) => {
        const known = makers.get(finding.id)?.at ?? finding.origin?.at;
        const since = exposedSince(finding, known, settings.config.sweepHours);
        return [finding.id, await findSessions(finding, since, ports, settings)] as const;
      }),
    ),
  );
  const unknown = new Set(sought.map(({ id }) => id).filter((id) => isLast && !makers.has(id)));
  await recordResults(key, { unknown, since, sessions }, ports);
  const again = !isLast && (makers.size < sought.length || exposing.length > 0);
  if (again) await ports.lookups.send({ role, began }, retrySeconds);
  const issued = [...sessions.values()].map((each) => each.issued.length + (each.omitted ?? 0));
  return {
    sought: sought.length,
    attributed: makers.size,
    sessions: issued.reduce((sum, count) => sum + count, 0),
    again,
  };
}

/** Returns the time from which on a drift of the trust policy let somebody in. `known` is that of the last known change. */
function exposedSince(
  { openedAt, sessions }: Finding,
  known: Instant | undefined,
  sweepHours: number,
): Instant {
  if (known !== undefined && !isBefore(openedAt, known)) return known;
  // A change from after the finding was opened let in others too. The sweep before that read the trust policy as it should
  // be, or could not read it.
  return sessions?.since ?? addSeconds(openedAt, -sweepHours * 3600);
}
