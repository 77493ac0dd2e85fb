import type { UsageStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { joinRecordedUses } from "@drift-guard/core/store/recorded-uses";
import { planUsage, RoleUserItem, UsageItem } from "@drift-guard/core/store/stored-uses";
import { type Database, query, readItem, serializeItem, transact } from "./database.ts";

/**
 * Creates the usage store over a SQLite database, in the same table as the findings. Every call throws
 * `StoreUnavailableError` if the database fails or if an item is unreadable.
 */
export function createUsageStore(database: Database): UsageStore {
  const select = (pk: string) =>
    query(database, (sqlite) =>
      sqlite
        .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk GLOB ? ORDER BY sk")
        .all(pk, `${findingKeys.anyUsage}*`),
    );
  return {
    usesOf: (role) =>
      joinRecordedUses(
        (async function* () {
          for (const row of select(findingKeys.partition(role)))
            yield readItem(database, row, UsageItem).uses;
        })(),
      ),
    record: async (account, subject, uses) =>
      transact(database, (sqlite) => {
        const pk = findingKeys.account(account);
        const sk = findingKeys.usage(subject);
        const row = sqlite.prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?").get(pk, sk);
        const before = row ? readItem(database, row, RoleUserItem) : undefined;
        const { write, touched } = planUsage(before, subject, uses);
        if (!write) return touched;
        const remove = sqlite.prepare("DELETE FROM findings WHERE pk = ? AND sk = ?");
        const put = sqlite.prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)");
        for (const name of write.deletes) remove.run(findingKeys.partition({ account, name }), sk);
        for (const [name, roleUses] of write.puts) {
          put.run(findingKeys.partition({ account, name }), sk, serializeItem(UsageItem, { uses: roleUses }));
        }
        if (write.item.roles.length === 0) remove.run(pk, sk);
        else put.run(pk, sk, serializeItem(RoleUserItem, write.item));
        return touched;
      }),
    async *users(account) {
      for (const row of select(findingKeys.account(account))) yield readItem(database, row, RoleUserItem);
    },
  };
}
