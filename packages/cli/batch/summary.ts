import { groupUnread } from "@drift-guard/core/batch/unread-regions";
import { sanitise } from "@drift-guard/formats/printable";
import type { BatchSurvey } from "./survey.ts";

// Cap on the output: more is noise.
const maxRegions = 5;
const maxReasons = 5;

/** How far AWS Batch was read, as sentences. */
export function formatSurvey({
  from,
  regions,
  unread,
  unlisted,
  absent = [],
  cut = [],
}: BatchSurvey): readonly string[] {
  const groups = groupUnread(unread);
  const more = groups.length - maxReasons;
  return [
    regions.length === 0
      ? `AWS Batch (${from.map((name) => sanitise(name)).join(", ")}): no region was completely read.`
      : `AWS Batch (${from.map((name) => sanitise(name)).join(", ")}) was read in ${formatRegions(regions)}.`,
    ...(absent.length === 0 ? [] : [`Without the output of ${absent.join(" and ")}, uses may be missing.`]),
    ...(cut.length === 0
      ? []
      : [`The output of ${cut.join(" and ")} is cut. Create it again without --max-items.`]),
    ...groups.slice(0, maxReasons).map((group) => {
      const names = group.regions.map((region) => sanitise(region, 40)).join(", ");
      return `Not completely read in ${names}: ${sanitise(group.why, 600)}`;
    }),
    ...(more > 0 ? [`Not completely read in more regions, for ${more} more reasons.`] : []),
    ...(unlisted === undefined || unread.length === 0
      ? []
      : [
          `The account's regions could not be listed, so every region that is known to have AWS Batch was tried, enabled or not. Name the regions in the configuration (regions.batch), or allow account:ListRegions or ec2:DescribeRegions. ${sanitise(unlisted, 600)}`,
        ]),
  ];
}

function formatRegions(regions: readonly string[]): string {
  if (regions.length > maxRegions) return `${regions.length} regions`;
  return regions.map((region) => sanitise(region, 40)).join(", ");
}
