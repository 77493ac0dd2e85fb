import { brokenVersion, isHonestVersion } from "@drift-guard/core/store/versions";
import * as z from "zod";
import { type Database, query, readOrSkip, serializeItem, transact } from "./database.ts";

/** The key of an item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const select = "SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?";

/**
 * Returns the value of an item; `empty`, of version 0, if there is none. An item that cannot be read counts as `empty` too,
 * under a version with which `saveVersioned` overwrites it. Throws `StoreUnavailableError`.
 */
export function loadVersioned<Value extends { readonly version: number }>(
  database: Database,
  { pk, sk }: ItemKey,
  shape: z.ZodType<Value>,
  empty: Value,
): Value {
  const row = query(database, (sqlite) => sqlite.prepare(select).get(pk, sk));
  if (row === undefined) return empty;
  const version = readOrSkip(row, Version)?.version;
  if (!isHonestVersion(version)) return { ...empty, version: brokenVersion };
  return readOrSkip(row, shape) ?? { ...empty, version };
}

const Version = z.looseObject({ version: z.unknown() });

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
    const stored = loadVersioned<Value>(database, key, shape, { ...value, version: 0 }).version;
    if (stored !== value.version) return false;
    const version = stored === brokenVersion ? 1 : stored + 1;
    sqlite
      .prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)")
      .run(key.pk, key.sk, serializeItem(shape, { ...value, version }));
    return true;
  });
}
