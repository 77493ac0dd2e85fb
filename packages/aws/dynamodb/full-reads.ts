import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { FullReads } from "@drift-guard/core/model/full-reads";
import type { FullReadStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openTable, type TableOptions } from "./table.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of the reads of every watched role over the findings table. It needs `dynamodb:Query` and
 * `dynamodb:PutItem`. Every call throws `StoreUnavailableError` if the table fails. An item that
 * cannot be read counts as none, and is overwritten.
 */
export function createFullReadStore(client: DynamoDBClient, options: TableOptions): FullReadStore {
  const table = openTable(client, options.table, options.onUnreadable);
  const keyOf = (account: string, region: string | undefined) => ({
    pk: findingKeys.account(account),
    sk: findingKeys.fullReads(region),
  });
  return {
    load: async (account, region) => loadVersioned(table, keyOf(account, region), FullReads, { version: 0 }),
    save: (account, reads, region) => saveVersioned(table, keyOf(account, region), FullReads, reads),
  };
}
