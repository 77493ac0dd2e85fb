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
  for (const { resource, sought } of listResources(findings, name)) {
    let pages = 0;
    const left = new Set(sought(makers));
    if (left.size === 0) continue;
    for await (const records of trail.pages(region, resource, { since: earliest, until })) {
      pages += 1;
      const changes = records.flatMap((record) => parseChange(record, settings.account));
      for (const finding of left) {
        const change = findMakingChange(finding, changes);
        if (change === undefined) continue;
        left.delete(finding);
        const known = makers.get(finding.id);
        if (known === undefined || isBefore(known.at, change.at)) makers.set(finding.id, change);
      }
      if (left.size === 0) break;
      if (pages === maxPages) {
        const last = changes.at(-1)?.at ?? until;
        if (isBefore(since, last)) since = last;
        break;
      }
    }
  }
  return { makers, since };
}

/** A name under which CloudTrail lists calls, and the findings for which it is searched, given who was found before. */
interface TrailName {
  readonly resource: string;
  sought(makers: ReadonlyMap<string, Change>): readonly Finding[];
}

/**
 * Returns the names to search in order. An attachment is listed under the role's name and an edit under the policy's ARN, so
 * that both are searched for the newest of them; the role's ARN only where these show nobody.
 */
function listResources(findings: readonly Finding[], roleName: string): readonly TrailName[] {
  const isUnmade = (makers: ReadonlyMap<string, Change>) => findings.filter(({ id }) => !makers.has(id));
  const byPolicy = Map.groupBy(findings, policyOf);
  const arns = new Set(findings.flatMap(({ arn }) => (arn === undefined ? [] : [arn])));
  return [
    { resource: roleName, sought: () => findings },
    ...[...byPolicy].flatMap(([resource, some]) =>
      resource === undefined ? [] : [{ resource, sought: () => some }],
    ),
    ...[...arns].map((resource) => ({ resource, sought: isUnmade })),
  ];
}

/** Returns the ARN of the managed policy that a finding is about; undefined if it is about none. */
function policyOf({ evidence }: Finding): string | undefined {
  if (evidence.part.kind === "managed") return evidence.part.name;
  return evidence.kind === "drift" ? evidence.policyArn : undefined;
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
