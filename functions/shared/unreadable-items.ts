import type { Logger } from "@aws-lambda-powertools/logger";
import { type CountMetric, forgedItems } from "@drift-guard/core/config/metrics";

// Lambda runs one invocation at a time. Bounded: an attacker can write many.
const unreadable = new Set<string>();
const maxUnreadable = 100;

/** Keeps the key of an item that a store left out because it cannot be read, until `countUnreadable`. */
export function noteUnreadable(key: string): void {
  if (unreadable.size < maxUnreadable) unreadable.add(key);
}

/** Logs, and counts in the metric `ForgedItems`, the items that stores left out since the last call. */
export function countUnreadable({
  logger,
  count,
}: {
  readonly logger: Logger;
  readonly count: CountMetric;
}): void {
  if (unreadable.size === 0) return;
  const keys = [...unreadable];
  unreadable.clear();
  logger.error(
    "Items of the findings table were edited, added or deleted by somebody else, or cannot be read. They were not used. Find " +
      "out who wrote them, and whether the table was restored from a backup.",
    { keys },
  );
  count(forgedItems.metric, keys.length);
}
