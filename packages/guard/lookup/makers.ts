import { MessageUnreadableError } from "@drift-guard/core/errors";
import { parseRecord } from "@drift-guard/core/intake/message";
import { whyForeign } from "@drift-guard/core/intake/origin";
import type { Change } from "@drift-guard/core/model/change";
import type { Finding } from "@drift-guard/core/model/finding";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { addSeconds, type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { findMakingChange } from "@drift-guard/core/reconcile/lookup";
import type { GuardSettings, LookupPorts } from "../ports.ts";

/** Who caused some drifts, as far as CloudTrail shows it. */
interface Makers {
  /** The change that caused a drift, by the finding's id. */
  readonly makers: ReadonlyMap<string, Change>;
  /** The time from which on CloudTrail was read. */
  readonly since: Instant;
}

// What CloudTrail keeps, less an hour for clocks that differ; and the pages of 50 records that are read for one name, since
// two calls a second are allowed (docs/aws-facts.md, "Event history").
const historySeconds = 90 * 86_400 - 3600;
const maxPages = 20;

/**
 * Finds the changes that caused the drifts of a role: the newest one of each drift's own part from before the drift was
 * seen. Reads IAM's Region, by the names under which CloudTrail lists such a call: the role's name, its ARN, or the
 * policy's ARN. Throws `TrailUnreadableError`.
 */
export async function findMakers(
  findings: readonly Finding[],
  { name }: RoleKey,
  { trail, now }: Pick<LookupPorts, "trail" | "now">,
  settings: GuardSettings,
): Promise<Makers> {
  const makers = new Map<string, Change>();
  const until = instantOf(now());
  const earliest = addSeconds(until, -historySeconds);
  let since = earliest;
  const region = iamRegionOf(settings.partition);
  for (const resource of listResources(findings, name)) {
    let pages = 0;
    if (makers.size === findings.length) break;
    for await (const records of trail.pages(region, resource, { since: earliest, until })) {
      pages += 1;
      const changes = records.flatMap((record) => parseChange(record, settings.account));
      for (const finding of findings.filter(({ id }) => !makers.has(id))) {
        const change = findMakingChange(finding, changes);
        if (change) makers.set(finding.id, change);
      }
      if (makers.size === findings.length) break;
      if (pages === maxPages) {
        const last = changes.at(-1)?.at ?? until;
        if (isBefore(since, last)) since = last;
        break;
      }
    }
  }
  return { makers, since };
}

function listResources(findings: readonly Finding[], roleName: string): readonly string[] {
  const arns = findings.flatMap(({ arn }) => (arn === undefined ? [] : [arn]));
  const policies = findings.flatMap(({ evidence: { part } }) => (part.kind === "managed" ? [part.name] : []));
  return [...new Set([roleName, ...policies, ...arns])];
}

// A record that cannot be read names nobody.
function parseChange(record: unknown, account: string): readonly Change[] {
  try {
    const message = parseRecord(record, account);
    return message.kind === "change" && whyForeign(message, account) === undefined ? [message.change] : [];
  } catch (error) {
    if (error instanceof MessageUnreadableError) return [];
    throw error;
  }
}
