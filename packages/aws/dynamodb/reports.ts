import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ReportState } from "@drift-guard/core/model/first-report";
import type { ReportStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openTable } from "./table.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of the first report over the findings table. It needs `dynamodb:Query` and `dynamodb:PutItem`. Every
 * call throws `StoreUnavailableError` if the table fails or if the item is unreadable.
 */
export function createReportStore(client: DynamoDBClient, options: { readonly table: string }): ReportStore {
  const table = openTable(client, options.table);
  const keyOf = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.firstReport });
  return {
    load: (account) => loadVersioned(table, keyOf(account), ReportState),
    save: (account, state) => saveVersioned(table, keyOf(account), ReportState, state),
  };
}
