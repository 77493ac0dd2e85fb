import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import { commitLedger } from "./findings-commit.ts";
import { findDelivery, markDelivered, readUndelivered, renewTransition } from "./findings-deliveries.ts";
import { listFindings, listTransitions, readHistory } from "./findings-listing.ts";
import { loadLedger } from "./findings-load.ts";
import { upgradeTransitions } from "./findings-upgrade.ts";
import { openTable } from "./table.ts";

/**
 * Creates the finding store over the findings table. A new transition is undelivered until each of `sinks` marks it.
 *
 * It needs `dynamodb:Query` (also on the indexes `byDue` and `byListing`), and for commits and marks `dynamodb:PutItem`,
 * `DeleteItem` and `UpdateItem`. Reads are paged and consistent, except those of the indexes. Every call throws
 * `StoreUnavailableError` if the table fails.
 *
 * A commit of more than 100 items becomes several transactions, each of which moves the ledger to its next version and is
 * complete in itself. If another commit wins between two of them, the earlier ones stay stored; reconciling again from
 * the stored ledger writes the rest.
 */
export function createFindingStore(
  client: DynamoDBClient,
  options: { readonly table: string; readonly sinks: readonly Sink[] },
): FindingStore {
  const table = openTable(client, options.table);
  return {
    load: (role) => loadLedger(table, role),
    commit: (commit) => commitLedger(table, commit, options.sinks),
    listFindings: (filter = {}) => listFindings(table, filter),
    listTransitions: (day) => listTransitions(table, day),
    upgradeTransitions: (role) => upgradeTransitions(table, role),
    history: (role, findingId) => readHistory(table, role, findingId),
    findDelivery: ({ finding }) => findDelivery(table, finding, options.sinks),
    markDelivered: (transition, sink, told) => markDelivered(table, transition, sink, told),
    renew: (transition, sink, at) => renewTransition(table, transition, sink, at),
    undelivered: (at, onUnreadable) => readUndelivered(table, at, options.sinks, onUnreadable),
  };
}
