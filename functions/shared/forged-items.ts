import { forgedItems } from "@drift-guard/core/config/metrics";
import type { FindingStore } from "@drift-guard/core/ports";
import type { Invocation } from "./function.ts";

/**
 * Returns a finding store that logs, and counts in the metric `ForgedItems`, the items which a commit overwrites or removes
 * because the ledger did not write them so.
 */
export function countForged<Store extends Pick<FindingStore, "commit">>(
  store: Store,
  { logger, count }: Pick<Invocation, "logger" | "count">,
): Store {
  const commit: FindingStore["commit"] = async (change) => {
    const ledger = await store.commit(change);
    const { role, forged } = change.before;
    if (forged) {
      logger.error(
        "Items of the findings table were edited, added or deleted by somebody else, or cannot be read. They were not " +
          "used, and are overwritten now. Find out who wrote them, and whether the table was restored from a backup.",
        { role, forged },
      );
      count(forgedItems.metric, forged.length);
    }
    return ledger;
  };
  return { ...store, commit };
}
