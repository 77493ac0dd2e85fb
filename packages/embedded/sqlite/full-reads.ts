import { FullReads } from "@drift-guard/core/model/full-reads";
import type { FullReadStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import type { Database } from "./database.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of the reads of every watched role over a SQLite database, in the same table as the findings. Every
 * call throws `StoreUnavailableError` if the database fails. An item that cannot be read counts as none.
 */
export function createFullReadStore(database: Database): FullReadStore {
  const keyOf = (account: string, region: string | undefined) => ({
    pk: findingKeys.account(account),
    sk: findingKeys.fullReads(region),
  });
  return {
    load: async (account, region) =>
      loadVersioned(database, keyOf(account, region), FullReads, { version: 0 }),
    save: async (account, reads, region) => saveVersioned(database, keyOf(account, region), FullReads, reads),
  };
}
