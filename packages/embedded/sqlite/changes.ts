import type { ChangeStore } from "@drift-guard/core/ports";
import { ChangeItem } from "@drift-guard/core/store/items";
import { confirmChange, nameChange } from "@drift-guard/core/store/kept-changes";
import { findingKeys } from "@drift-guard/core/store/keys";
import { type Database, query, readOrSkip, serializeItem, transact } from "./database.ts";

/**
 * Creates the store of changes that are rechecked, over a SQLite database, in the same table as the findings. Every call
 * throws `StoreUnavailableError` if the database fails. `onUnreadable` is told the key of a change that cannot be read,
 * is not the one that was kept, or is gone; nobody without it.
 */
export function createChangeStore(
  database: Database,
  { onUnreadable }: { readonly onUnreadable?: (key: string) => void } = {},
): ChangeStore {
  return {
    keep: async (role, change) => {
      const name = nameChange(change);
      transact(database, (sqlite) => {
        sqlite
          .prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)")
          .run(findingKeys.partition(role), findingKeys.change(name), serializeItem(ChangeItem, { change }));
      });
      return name;
    },
    find: async (role, name) => {
      const pk = findingKeys.partition(role);
      const sk = findingKeys.change(name);
      const row = query(database, (sqlite) =>
        sqlite.prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?").get(pk, sk),
      );
      const found = row && readOrSkip(row, ChangeItem)?.change;
      return confirmChange(found, name, () => onUnreadable?.(`${pk} ${sk}`));
    },
  };
}
