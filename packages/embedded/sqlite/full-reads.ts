import { FullReads } from "@drift-guard/core/model/full-reads";
import type { FullReadStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { type Database, query, readItem, serializeItem, transact } from "./database.ts";

/**
 * Creates the store of the reads of every watched role over a SQLite database, in the same table as the findings. Every
 * call throws `StoreUnavailableError` if the database fails or if the item is unreadable.
 */
export function createFullReadStore(database: Database): FullReadStore {
  const select = "SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?";
  const parse = (row: unknown): FullReads => (row ? readItem(database, row, FullReads) : { version: 0 });
  return {
    load: async (account, region) =>
      parse(
        query(database, (sqlite) =>
          sqlite.prepare(select).get(findingKeys.account(account), findingKeys.fullReads(region)),
        ),
      ),
    save: async (account, reads, region) =>
      transact(database, (sqlite) => {
        const pk = findingKeys.account(account);
        const sk = findingKeys.fullReads(region);
        if (parse(sqlite.prepare(select).get(pk, sk)).version !== reads.version) return false;
        sqlite
          .prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)")
          .run(pk, sk, serializeItem(FullReads, { ...reads, version: reads.version + 1 }));
        return true;
      }),
  };
}
