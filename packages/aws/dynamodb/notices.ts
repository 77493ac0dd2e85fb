import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { emptyNoticeState, NoticeState } from "@drift-guard/core/model/notice-state";
import type { NoticeStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openTable } from "./table.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of what people are told over the findings table. It needs `dynamodb:Query` and `dynamodb:PutItem`. Every
 * call throws `StoreUnavailableError` if the table fails or if the item is unreadable.
 */
export function createNoticeStore(client: DynamoDBClient, options: { readonly table: string }): NoticeStore {
  const table = openTable(client, options.table);
  const keyOf = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.notices });
  return {
    load: async (account) => (await loadVersioned(table, keyOf(account), NoticeState)) ?? emptyNoticeState(),
    save: (account, state) => saveVersioned(table, keyOf(account), NoticeState, state),
  };
}
