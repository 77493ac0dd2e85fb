import { isDeepStrictEqual } from "node:util";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import { findingKeys } from "@drift-guard/core/store/keys";
import {
  assembleLedger,
  maxRestored,
  needsHistory,
  restoreFindings,
  type StoredItem,
} from "@drift-guard/core/store/stored-ledger";
import { findItem, queryItems, sortKeyOf, type Table } from "./table.ts";

// A load starts again if another commit changed the ledger between its calls; after this many attempts it fails.
const maxLoadAttempts = 5;

/**
 * Loads the ledger of a role (`dynamodb:Query`). Throws `StoreUnavailableError` if the table fails, or if the ledger does
 * not stop changing.
 */
export async function loadLedger(table: Table, role: RoleKey): Promise<Ledger> {
  for (let attempt = 0; attempt < maxLoadAttempts; attempt += 1) {
    // A query is not a snapshot. The ledger's item is read before the findings and again with them: old findings under a
    // new version would pass the commit's condition.
    const header = await findItem(table, findingKeys.partition(role), findingKeys.ledger());
    const items = await readItems(table, role);
    const again = items.find(({ key }) => key === findingKeys.ledger());
    if (!isDeepStrictEqual(header, again?.value)) continue;
    const history = needsHistory(role, items) ? await listReportedFindings(table, role) : [];
    const stored = assembleLedger(role, items, history);
    return restoreFindings(stored, await readLastTransitions(table, role, stored.lost));
  }
  throw new StoreUnavailableError(
    `The ledger of ${role.name} in the table ${table.name} changed during all ${maxLoadAttempts} attempts to load it. ` +
      "The next message or sweep loads it again.",
  );
}

async function readItems(table: Table, role: RoleKey): Promise<readonly StoredItem[]> {
  const stored: StoredItem[] = [];
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND sk BETWEEN :first AND :last",
    ExpressionAttributeValues: {
      ":pk": findingKeys.partition(role),
      ":first": findingKeys.first,
      ":last": findingKeys.last,
    },
    ConsistentRead: true,
  });
  for await (const item of items) stored.push({ key: sortKeyOf(item), value: item });
  return stored;
}

async function listReportedFindings(table: Table, role: RoleKey): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :transition)",
    ExpressionAttributeValues: {
      ":pk": findingKeys.partition(role),
      ":transition": findingKeys.anyTransition,
    },
    ProjectionExpression: "sk",
    ConsistentRead: true,
  });
  for await (const item of items) ids.add(findingKeys.findingOf(sortKeyOf(item)));
  return ids;
}

async function readLastTransitions(
  table: Table,
  role: RoleKey,
  lost: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, StoredItem>> {
  const last = new Map<string, StoredItem>();
  for (const id of [...lost.keys()].slice(0, maxRestored)) {
    const items = queryItems(table, {
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :transition)",
      ExpressionAttributeValues: {
        ":pk": findingKeys.partition(role),
        ":transition": findingKeys.transitions(id),
      },
      ScanIndexForward: false,
      Limit: 1,
      ConsistentRead: true,
    });
    for await (const item of items) {
      last.set(id, { key: sortKeyOf(item), value: item });
      break;
    }
  }
  return last;
}
