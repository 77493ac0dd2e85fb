import { isAhead, isBefore } from "@drift-guard/core/model/instant";
import { ClaimItem } from "@drift-guard/core/model/symptom-claim";
import type { SymptomStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { type Database, readOrSkip, serializeItem, transact } from "./database.ts";

/**
 * Creates the store of claimed symptoms over a SQLite database, in the same table as the findings. Throws
 * `StoreUnavailableError` if the database fails.
 */
export function createSymptomStore(database: Database): SymptomStore {
  return {
    claim: async (account, { key, eventId, at, since }) =>
      transact(database, (sqlite) => {
        const [pk, sk] = [findingKeys.account(account), findingKeys.symptom(key)];
        const row = sqlite.prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?").get(pk, sk);
        const held = row && readOrSkip(row, ClaimItem);
        const holds = held && !isBefore(held.claimedAt, since) && !isAhead(held.claimedAt, at);
        if (holds && held.eventId !== eventId) return false;
        sqlite
          .prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)")
          .run(pk, sk, serializeItem(ClaimItem, { eventId, claimedAt: at }));
        return true;
      }),
  };
}
