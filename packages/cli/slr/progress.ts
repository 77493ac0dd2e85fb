import type { RegionUsage } from "@drift-guard/core/model/deletion";
import { sanitise } from "@drift-guard/formats/printable";
import type { DeletionPoll } from "@drift-guard/guard/linked-role/deletion";

/** The state of a deletion, as one poll saw it, in one or two sentences. */
export function formatDeletion(poll: DeletionPoll): string {
  const { taskId, submittedAt, last } = poll.deletion;
  const task = `The deletion requested at ${submittedAt} (${sanitise(taskId)})`;
  switch (poll.kind) {
    case "unknown":
      return `${task} is no longer known to IAM.`;
    case "unread":
      return `${task} could not be read: ${sanitise(poll.why, 600)}`;
    case "seen":
      switch (last.status) {
        case "NOT_STARTED":
          return `${task} has not started.`;
        case "IN_PROGRESS":
          return `${task} is in progress.`;
        case "SUCCEEDED":
          return `${task} succeeded.`;
        case "FAILED":
          return `${task} failed${last.reason === undefined ? ", and IAM gave no reason" : `: ${sanitise(last.reason, 600)}`}`;
      }
  }
}

/** The resources that IAM names as users of the role, region by region. */
export function formatRegionUsage(usage: readonly RegionUsage[]): readonly string[] {
  return usage.flatMap(({ region, resources }) => [
    sanitise(region, 40) || "a region that IAM does not name",
    ...(resources.length === 0
      ? ["  resources that IAM does not name"]
      : resources.map((name) => `  ${sanitise(name)}`)),
  ]);
}
