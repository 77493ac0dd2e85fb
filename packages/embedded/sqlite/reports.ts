import { ReportState } from "@drift-guard/core/model/first-report";
import type { ReportStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import type { Database } from "./database.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of the first report over a SQLite database, in the same table as the findings. Every call throws
 * `StoreUnavailableError` if the database fails. An item that cannot be read holds no report.
 */
export function createReportStore(database: Database): ReportStore {
  const keyOf = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.firstReport });
  return {
    load: async (account) => {
      const state = loadVersioned(database, keyOf(account), ReportState, { version: 0 });
      return state.version === 0 ? undefined : state;
    },
    save: async (account, state) => saveVersioned(database, keyOf(account), ReportState, state),
  };
}
