import { groupUnread } from "../batch/unread-regions.ts";
import type { Instant } from "../model/instant.ts";
import type { RoleActivity } from "./linked-role.ts";
import type { AccountScan } from "./status.ts";

// A session lasts 12 hours at most, and IAM shows a use some hours late (docs/aws-facts.md, "Service-linked roles").
const recentHours = 24;

/**
 * Returns why a scan may not show every use of a role (R25), one sentence each: Regions that were left out or could not be
 * read. Names and reasons are as AWS gave them.
 */
export function findScanDoubts({ scans, leftOut, unlisted }: AccountScan): readonly string[] {
  const unread = scans.flatMap((scan) => (scan.status === "unread" ? [scan] : []));
  return [
    ...(leftOut.length === 0
      ? []
      : [`${formatCount(leftOut.length)} of the partition not scanned: ${leftOut.join(", ")}.`]),
    ...groupUnread(unread).map(
      ({ regions, why }) => `${formatCount(regions.length)} could not be read: ${regions.join(", ")}. ${why}`,
    ),
    ...(unread.length === 0 || unlisted === undefined
      ? []
      : [
          `Whether they are enabled is unknown, because the account's regions could not be listed. ${unlisted}`,
        ]),
  ];
}

/** Returns why a session of a role may be active (R26), one sentence each: a use in the 24 hours before `now`, or no record. */
export function findUseDoubts(activity: RoleActivity, now: Date): readonly string[] {
  if (!activity.role.observed) return [`When the role was last used is unknown: ${activity.role.why}`];
  const last = findLastUse(activity);
  if (last === undefined || now.getTime() - Date.parse(last.at) >= recentHours * 3_600_000) return [];
  const place = last.region === undefined ? "" : ` in ${last.region}`;
  return [
    `The role was last used at ${last.at}${place}, less than ${recentHours} hours ago: a session may be active.`,
  ];
}

/** Returns the latest use that IAM reports, of the role or of a service that it called; undefined if there is none. */
function findLastUse({ role, services }: RoleActivity) {
  const uses: readonly { readonly at: Instant; readonly region?: string }[] = [
    ...(role.observed && role.value !== null ? [role.value] : []),
    ...(services.observed ? services.value : []),
  ];
  return uses.toSorted((a, b) => b.at.localeCompare(a.at))[0];
}

function formatCount(regions: number): string {
  return regions === 1 ? "1 region" : `${regions} regions`;
}
