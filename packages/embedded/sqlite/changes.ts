import type { ChangeStore } from "@drift-guard/core/ports";
import { ChangeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { type Database, query, readOrSkip, serializeItem, transact } from "./database.ts";

/**
 * Creates the store of changes that are rechecked, over a SQLite database, in the same table as the findings. Every call
 * throws `StoreUnavailableError` if the database fails. A change that cannot be read is none.
 */
export function createChangeStore(database: Database): ChangeStore {
  return {
    keep: async (role, change) =>
      transact(database, (sqlite) => {
        sqlite
          .prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)")
          .run(
            findingKeys.partition(role),
            findingKeys.change(change.id),
            serializeItem(ChangeItem, { change }),
          );
      }),
    find: async (role, changeId) => {
      const row = query(database, (sqlite) =>
        sqlite
          .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?")
          .get(findingKeys.partition(role), findingKeys.change(changeId)),
      );
      return row && readOrSkip(row, ChangeItem)?.change;
    },
  };
}
