import type { RoleUser } from "@drift-guard/core/batch/role-use";
import type { UsageStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { joinRecordedUses } from "@drift-guard/core/store/recorded-uses";
import {
  areRecorded,
  listUseKeys,
  planUsage,
  RoleUserItem,
  UsageItem,
} from "@drift-guard/core/store/stored-uses";
import { type Database, query, readOrSkip, serializeItem, transact } from "./database.ts";
import { parseRow } from "./rows.ts";

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
  const listUsers = (account: string): readonly RoleUser[] =>
    select(findingKeys.account(account)).flatMap((row) => readOrSkip(row, RoleUserItem) ?? []);
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
        const planned = planUsage(before, subject, uses);
        const find = sqlite.prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?");
        const stored = new Map(
          [...uses.keys()].map((name) => {
            const own = find.get(findingKeys.partition({ account, name }), sk);
            return [name, own && readOrSkip(own, UsageItem)?.uses] as const;
          }),
        );
        const isForged = before && !planned.write && !areRecorded(before, uses, stored);
        const { write, touched } = isForged ? planUsage(before, subject, uses, true) : planned;
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
    clean: async (account, roles) =>
      transact(database, (sqlite) => {
        const users = listUsers(account);
        const remove = sqlite.prepare("DELETE FROM findings WHERE pk = ? AND sk = ?");
        for (const name of roles) {
          const known = listUseKeys(name, users);
          const pk = findingKeys.partition({ account, name });
          for (const row of select(pk)) {
            const { key } = parseRow(row);
            if (!known.has(key)) remove.run(pk, key);
          }
        }
      }),
    async *users(account) {
      yield* listUsers(account);
    },
  };
}
