import { emptyNoticeState, NoticeState } from "@drift-guard/core/model/notice-state";
import type { NoticeStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import type { Database } from "./database.ts";
import { loadVersioned, saveVersioned } from "./versioned-item.ts";

/**
 * Creates the store of what people are told over a SQLite database, in the same table as the findings. Every call throws
 * `StoreUnavailableError` if the database fails or if the item is unreadable.
 */
export function createNoticeStore(database: Database): NoticeStore {
  const keyOf = (account: string) => ({ pk: findingKeys.account(account), sk: findingKeys.notices });
  return {
    load: async (account) => loadVersioned(database, keyOf(account), NoticeState) ?? emptyNoticeState(),
    save: async (account, state) => saveVersioned(database, keyOf(account), NoticeState, state),
  };
}
