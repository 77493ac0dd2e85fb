import type * as z from "zod";
import { type Database, query, readItem, serializeItem, transact } from "./database.ts";

/** The key of an item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const select = "SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?";

/** Returns the value of an item; undefined if there is none. Throws `StoreUnavailableError`. */
export function loadVersioned<Value extends { readonly version: number }>(
  database: Database,
  { pk, sk }: ItemKey,
  shape: z.ZodType<Value>,
): Value | undefined {
  const row = query(database, (sqlite) => sqlite.prepare(select).get(pk, sk));
  return row && readItem(database, row, shape);
}

/**
 * Writes a value with the next version. Returns false, and writes nothing, if the stored version is another than the
 * value's; nothing stored is version 0. Throws `StoreUnavailableError`.
 */
export function saveVersioned<Value extends { readonly version: number }>(
  database: Database,
  key: ItemKey,
  shape: z.ZodType<Value & object, object>,
  value: Value & object,
): boolean {
  return transact(database, (sqlite) => {
    const stored = loadVersioned(database, key, shape)?.version ?? 0;
    if (stored !== value.version) return false;
    sqlite
      .prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)")
      .run(key.pk, key.sk, serializeItem(shape, { ...value, version: value.version + 1 }));
    return true;
  });
}
