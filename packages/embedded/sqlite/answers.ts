import type { AnswerStore } from "@drift-guard/core/ports";
import { AnswerItem } from "@drift-guard/core/store/items";
import { controlKeys } from "@drift-guard/core/store/keys";
import { type Database, query, serializeItem } from "./database.ts";

/** Creates the store of given answers over a SQLite database. Throws `StoreUnavailableError` if the database fails. */
export function createAnswerStore(database: Database): AnswerStore {
  return {
    claim: async (account, digest, at) =>
      query(database, (sqlite) => {
        const { changes } = sqlite
          .prepare("INSERT OR IGNORE INTO control (pk, sk, item) VALUES (?, ?, ?)")
          .run(controlKeys.account(account), controlKeys.answer(digest), serializeItem(AnswerItem, { at }));
        return changes === 1;
      }),
  };
}
