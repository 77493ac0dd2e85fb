import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import { FindingItem, LedgerItem, TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { commitLedger } from "./findings-commit.ts";
import { findDelivery, markDelivered, readUndelivered, renewTransition } from "./findings-deliveries.ts";
import { findItem, openTable, queryItems, readItem, scanItems, sortKeyOf, type Table } from "./table.ts";

// A load starts again if another commit changed the ledger between its calls; after this many attempts it fails.
const maxLoadAttempts = 5;

/**
 * Creates the finding store over the findings table. A new transition is undelivered until each of `sinks` marks it.
 *
 * It needs `dynamodb:Query` (also on the index `byDue`), `dynamodb:Scan` for `findings`, and for commits and marks
 * `dynamodb:PutItem`, `DeleteItem` and `UpdateItem`. Reads are paged and consistent, except those
 * of the index. Every call throws `StoreUnavailableError` if the table fails or if an item is unreadable.
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
    findings: () => readFindings(table),
    history: (role, findingId) => readHistory(table, role, findingId),
    findDelivery: ({ finding }) => findDelivery(table, finding, options.sinks),
    markDelivered: (transition, sink) => markDelivered(table, transition, sink),
    renew: (transition, sink, at) => renewTransition(table, transition, sink, at),
    undelivered: (at) => readUndelivered(table, at, options.sinks),
  };
}

async function loadLedger(table: Table, role: RoleKey): Promise<Ledger> {
  for (let attempt = 0; attempt < maxLoadAttempts; attempt += 1) {
    // A query is not a snapshot. The version is read before the items and again with them: old findings under a new
    // version would pass the commit's condition.
    const version = await readVersion(table, role);
    const ledger = await readLedger(table, role);
    if (ledger.version === version) return ledger;
  }
  throw new StoreUnavailableError(
    `The ledger of ${role.name} in the table ${table.name} changed during all ${maxLoadAttempts} attempts to load it. ` +
      "The next message or sweep loads it again.",
  );
}

async function readVersion(table: Table, role: RoleKey): Promise<number> {
  const item = await findItem(table, findingKeys.partition(role), findingKeys.ledger());
  return item ? readItem(table, item, LedgerItem).version : 0;
}

async function readLedger(table: Table, role: RoleKey): Promise<Ledger> {
  let version = 0;
  const findings: Finding[] = [];
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND sk BETWEEN :first AND :last",
    ExpressionAttributeValues: {
      ":pk": findingKeys.partition(role),
      ":first": findingKeys.first,
      ":last": findingKeys.last,
    },
    ConsistentRead: true,
  });
  for await (const item of items) {
    const key = sortKeyOf(item);
    if (key === findingKeys.ledger()) version = readItem(table, item, LedgerItem).version;
    else findings.push(readItem(table, item, FindingItem).finding);
  }
  return { role, version, findings };
}

async function* readFindings(table: Table): AsyncIterable<Finding> {
  const items = scanItems(table, {
    FilterExpression: "begins_with(sk, :finding)",
    ExpressionAttributeValues: { ":finding": findingKeys.finding("") },
    ConsistentRead: true,
  });
  for await (const item of items) yield readItem(table, item, FindingItem).finding;
}

async function readHistory(table: Table, role: RoleKey, findingId: string): Promise<readonly Transition[]> {
  const history: Transition[] = [];
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :transition)",
    ExpressionAttributeValues: {
      ":pk": findingKeys.partition(role),
      ":transition": findingKeys.transitions(findingId),
    },
    ConsistentRead: true,
  });
  for await (const item of items) history.push(readItem(table, item, TransitionItem).transition);
  return history;
}
