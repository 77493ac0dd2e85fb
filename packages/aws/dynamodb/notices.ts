import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { emptyNoticeState, NoticeState } from "@drift-guard/core/model/notice-state";
import { SentTestMessage } from "@drift-guard/core/model/test-message";
import type { NoticeStore } from "@drift-guard/core/ports";
import { encodeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { findItem, openTable, readItem, type TableOptions, toStoreError } from "./table.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

const testRetentionSeconds = 86_400;

/**
 * Creates the store of what people are told over the findings table. It needs `dynamodb:Query` and `dynamodb:PutItem`. Every
 * call throws `StoreUnavailableError` if the table fails. An item that
 * cannot be read counts as none, and is overwritten.
 */
export function createNoticeStore(client: DynamoDBClient, options: TableOptions): NoticeStore {
  const table = openTable(client, options.table, options.onUnreadable);
  const keyOf = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.notices });
  return {
    load: async (account) => loadVersioned(table, keyOf(account), NoticeState, emptyNoticeState()),
    save: (account, state) => saveVersioned(table, keyOf(account), NoticeState, state),
    async recordTest(account, id, sent) {
      const Item = {
        pk: findingKeys.account(account),
        sk: findingKeys.testMessage(id),
        ...encodeItem(SentTestMessage, sent),
        expires: Math.floor(Date.parse(sent.sentAt) / 1000) + testRetentionSeconds,
      };
      try {
        await table.documents.send(new PutCommand({ TableName: table.name, Item }));
      } catch (error) {
        throw toStoreError(table, error, "dynamodb:PutItem");
      }
    },
    async findTest(account, id) {
      const item = await findItem(table, findingKeys.account(account), findingKeys.testMessage(id));
      return item && readItem(table, item, SentTestMessage);
    },
  };
}
