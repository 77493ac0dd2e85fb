import type { StoredItem } from "@drift-guard/core/store/stored-ledger";
import * as z from "zod";

/** A row with the columns pk, sk and item. */
export const Row = z.object({ pk: z.string(), sk: z.string(), item: z.string() });

/** Returns a row with the columns pk, sk and item as a stored item, whose value is undefined if it is no JSON. */
export function parseRow(row: unknown): StoredItem & { readonly pk: string } {
  const { pk, sk, item } = Row.parse(row);
  try {
    return { pk, key: sk, value: JSON.parse(item) };
  } catch {
    return { pk, key: sk, value: undefined };
  }
}
