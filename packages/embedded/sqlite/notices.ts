import { emptyNoticeState, NoticeState } from "@drift-guard/core/model/notice-state";
import { SentTestMessage } from "@drift-guard/core/model/test-message";
import type { NoticeStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { type Database, query, readItem, serializeItem, transact } from "./database.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of what people are told over a SQLite database, in the same table as the findings. Every call throws
 * `StoreUnavailableError` if the database fails. An item that cannot be read counts as none.
 */
export function createNoticeStore(database: Database): NoticeStore {
  const keyOf = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.notices });
  return {
    load: async (account) => loadVersioned(database, keyOf(account), NoticeState, emptyNoticeState()),
    save: async (account, state) => saveVersioned(database, keyOf(account), NoticeState, state),
    recordTest: async (account, id, sent) =>
      transact(database, (sqlite) => {
        sqlite
          .prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)")
          .run(
            findingKeys.account(account),
            findingKeys.testMessage(id),
            serializeItem(SentTestMessage, sent),
          );
      }),
    findTest: async (account, id) => {
      const row = query(database, (sqlite) =>
        sqlite
          .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?")
          .get(findingKeys.account(account), findingKeys.testMessage(id)),
      );
      return row && readItem(database, row, SentTestMessage);
    },
  };
}
