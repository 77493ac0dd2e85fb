import { emptyHubFinding, HubAccess, HubFinding } from "@drift-guard/core/model/hub";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { HubStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import type { Database } from "./database.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of what is known of Security Hub over a SQLite database, in the same table as the findings. Every call
 * throws `StoreUnavailableError` if the database fails. An item that cannot be read counts as none.
 */
export function createHubStore(database: Database): HubStore {
  const findingKey = (role: RoleKey, id: string) => ({
    pk: findingKeys.partition(role),
    sk: findingKeys.hubFinding(id),
  });
  const accessKey = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.hubAccess });
  return {
    loadFinding: async (role, id) =>
      loadVersioned(database, findingKey(role, id), HubFinding, emptyHubFinding()),
    saveFinding: async (role, id, state) => saveVersioned(database, findingKey(role, id), HubFinding, state),
    loadAccess: async (account) => loadVersioned(database, accessKey(account), HubAccess, { version: 0 }),
    saveAccess: async (account, access) => saveVersioned(database, accessKey(account), HubAccess, access),
  };
}
