import { groupUnread } from "@drift-guard/core/batch/unread-regions";
import type { AccountScan } from "@drift-guard/core/linked-role/status";
import { sanitise } from "@drift-guard/formats/printable";

/** Which Regions a scan covers and which it does not, as sentences (R25, T15). `users` are what it looked for. */
export function formatCoverage(
  { scans, notEnabled, leftOut, unlisted }: AccountScan,
  users: string,
): readonly string[] {
  const read = scans.filter(({ status }) => status === "read").map(({ region }) => region);
  return [
    read.length === 0 ? `No region could be scanned for ${users}.` : `Scanned for ${users}: ${list(read)}.`,
    ...(notEnabled.length === 0
      ? []
      : [`Not enabled in this account, so that nothing there can use the role: ${list(notEnabled)}.`]),
    ...(leftOut.length === 0
      ? []
      : [`Not scanned: ${list(leftOut)}. Without --regions, every region of the partition is scanned.`]),
    ...(unlisted === undefined
      ? []
      : [
          `The account's regions could not be listed, so every region that is known to have AWS Batch was tried, enabled or not. ${sanitise(unlisted, 600)}`,
        ]),
  ];
}

/** Regions that could not be read, and why, each group of the same reason on one line. */
export function formatUnread(scans: AccountScan["scans"]): readonly string[] {
  const unread = scans.flatMap((scan) => (scan.status === "unread" ? [scan] : []));
  return groupUnread(unread).map(
    ({ regions, why }) => `${list(regions)} could not be read: ${sanitise(why, 600)}`,
  );
}

function list(regions: readonly string[]): string {
  return regions.map((region) => sanitise(region, 40)).join(", ");
}
