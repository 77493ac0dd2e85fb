import type { UsageStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { joinRecordedUses } from "@drift-guard/core/store/recorded-uses";
import { planUsage, RoleUserItem, UsageItem } from "@drift-guard/core/store/stored-uses";
import { type Database, query, readOrSkip, serializeItem, transact } from "./database.ts";

/**
 * Creates the usage store over a SQLite database, in the same table as the findings. Every call throws
 * `StoreUnavailableError` if the database fails. An item that cannot be read is left out.
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
          for (const row of select(findingKeys.partition(role))) yield readOrSkip(row, UsageItem)?.uses ?? [];
        })(),
      ),
    record: async (account, subject, uses) =>
      transact(database, (sqlite) => {
        const pk = findingKeys.account(account);
        const sk = findingKeys.usage(subject);
        const row = sqlite.prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?").get(pk, sk);
        const before = row && readOrSkip(row, RoleUserItem);
        const { write, touched } = planUsage(before, subject, uses);
        const remove = sqlite.prepare("DELETE FROM findings WHERE pk = ? AND sk = ?");
        if (!write && !before) remove.run(pk, sk);
        if (!write) return touched;
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
      for (const row of select(findingKeys.account(account))) {
        const user = readOrSkip(row, RoleUserItem);
        if (user) yield user;
      }
    },
  };
}
