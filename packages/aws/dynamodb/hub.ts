import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { emptyHubFinding, HubAccess, HubFinding } from "@drift-guard/core/model/hub";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { HubStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openTable, type TableOptions } from "./table.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of what is known of Security Hub over the findings table. It needs `dynamodb:Query` and
 * `dynamodb:PutItem`. Every call throws `StoreUnavailableError` if the table fails. An item that
 * cannot be read counts as none, and is overwritten.
 */
export function createHubStore(client: DynamoDBClient, options: TableOptions): HubStore {
  const table = openTable(client, options.table, options.onUnreadable);
  const findingKey = (role: RoleKey, id: string) => ({
    pk: findingKeys.partition(role),
    sk: findingKeys.hubFinding(id),
  });
  const accessKey = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.hubAccess });
  return {
    loadFinding: async (role, id) =>
      loadVersioned(table, findingKey(role, id), HubFinding, emptyHubFinding()),
    saveFinding: (role, id, state) => saveVersioned(table, findingKey(role, id), HubFinding, state),
    loadAccess: async (account) => loadVersioned(table, accessKey(account), HubAccess, { version: 0 }),
    saveAccess: (account, access) => saveVersioned(table, accessKey(account), HubAccess, access),
  };
}
