import { MessageUnreadableError, TrailUnreadableError } from "@drift-guard/core/errors";
import { parseSession, type SessionRecord } from "@drift-guard/core/intake/issued-session";
import type { Finding } from "@drift-guard/core/model/finding";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { addSeconds, type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import { maxSessions, type Sessions } from "@drift-guard/core/model/sessions";
import type { GuardSettings, LookupPorts } from "../ports.ts";

// Pages of 50 records for one Region; those of jobs may be many.
const maxPages = 5;

/**
 * Finds the sessions of a role that were issued since `since`, as far as CloudTrail shows them: in the Regions of the
 * configuration and in IAM's. They end with the drift, where it is resolved. A Region that cannot be read, or has more
 * records than are read, is named in the result.
 */
export async function findSessions(
  finding: Finding,
  since: Instant,
  { trail, now }: Pick<LookupPorts, "trail" | "now">,
  { config, partition, account }: GuardSettings,
): Promise<Sessions> {
  const at = instantOf(now());
  const until = exposedUntil(finding, at);
  const arn = finding.arn ?? `arn:${partition}:iam::${account}:role/${finding.role.name}`;
  const regions = [...new Set([iamRegionOf(partition), config.regions.guard, ...config.regions.batch])];
  const found = new Map<string, SessionRecord>();
  const incomplete: string[] = [];
  for (const region of regions) {
    let pages = 0;
    try {
      // CloudTrail's times have a resolution of one second.
      for await (const records of trail.pages(region, arn, { since: addSeconds(since, -1), until })) {
        pages += 1;
        for (const [key, session] of records.flatMap((record) => parse(record, arn))) found.set(key, session);
        if (pages === maxPages) {
          incomplete.push(region);
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof TrailUnreadableError)) throw error;
      incomplete.push(region);
    }
  }
  const sessions = [...found.values()].toSorted((a, b) => (isBefore(a.at, b.at) ? 1 : -1));
  const issued = sessions
    .filter(({ byService }) => !byService)
    .map(({ byService: _, ...session }) => session);
  const omitted = issued.length - maxSessions;
  return {
    issued: issued.slice(0, maxSessions),
    ...(omitted > 0 && { omitted }),
    byServices: sessions.length - issued.length,
    regions,
    ...(incomplete.length > 0 && { incomplete }),
    since,
    until,
    at,
  };
}

/**
 * Returns when a drift of the trust policy ended: at the read that found it as it should be, which may have come some time
 * after it was restored, and never before. To tell people of sessions updates the finding again, so that what an earlier
 * lookup after that read recorded counts.
 */
function exposedUntil({ state, updatedAt, sessions }: Finding, at: Instant): Instant {
  if (state !== "resolved") return at;
  return sessions && isBefore(sessions.until, sessions.at) ? sessions.until : updatedAt;
}

// The same record may be on two pages while CloudTrail adds others.
function parse(record: unknown, roleArn: string): readonly (readonly [string, SessionRecord])[] {
  try {
    const session = parseSession(record, roleArn);
    return session ? [[JSON.stringify(session), session]] : [];
  } catch (error) {
    if (error instanceof MessageUnreadableError) return [];
    throw error;
  }
}
