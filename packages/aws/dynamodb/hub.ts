import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { emptyHubFinding, HubAccess, HubFinding } from "@drift-guard/core/model/hub";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { HubStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openTable } from "./table.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of what is known of Security Hub over the findings table. It needs `dynamodb:Query` and
 * `dynamodb:PutItem`. Every call throws `StoreUnavailableError` if the table fails or if the item is unreadable.
 */
export function createHubStore(client: DynamoDBClient, options: { readonly table: string }): HubStore {
  const table = openTable(client, options.table);
  const findingKey = (role: RoleKey, id: string) => ({
    pk: findingKeys.partition(role),
    sk: findingKeys.hubFinding(id),
  });
  const accessKey = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.hubAccess });
  return {
    loadFinding: async (role, id) =>
      (await loadVersioned(table, findingKey(role, id), HubFinding)) ?? emptyHubFinding(),
    saveFinding: (role, id, state) => saveVersioned(table, findingKey(role, id), HubFinding, state),
    loadAccess: async (account) =>
      (await loadVersioned(table, accessKey(account), HubAccess)) ?? { version: 0 },
    saveAccess: (account, access) => saveVersioned(table, accessKey(account), HubAccess, access),
  };
}
