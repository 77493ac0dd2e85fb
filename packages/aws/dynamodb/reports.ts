import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ReportState } from "@drift-guard/core/model/first-report";
import type { ReportStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openTable, type TableOptions } from "./table.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of the first report over the findings table. It needs `dynamodb:Query` and `dynamodb:PutItem`. Every
 * call throws `StoreUnavailableError` if the table fails. An item that cannot be read holds no report.
 */
export function createReportStore(client: DynamoDBClient, options: TableOptions): ReportStore {
  const table = openTable(client, options.table, options.onUnreadable);
  const keyOf = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.firstReport });
  return {
    load: async (account) => {
      const state = await loadVersioned(table, keyOf(account), ReportState, { version: 0 });
      return state.version === 0 ? undefined : state;
    },
    save: (account, state) => saveVersioned(table, keyOf(account), ReportState, state),
  };
}
