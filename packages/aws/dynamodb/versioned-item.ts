import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { encodeItem } from "@drift-guard/core/store/items";
import type * as z from "zod";
import { findItem, readItem, type Table, toStoreError } from "./table.ts";

/** The key of an item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** Returns the value of an item (`dynamodb:Query`); undefined if there is none. Throws `StoreUnavailableError`. */
export async function loadVersioned<Value extends { readonly version: number }>(
  table: Table,
  { pk, sk }: ItemKey,
  shape: z.ZodType<Value, object>,
): Promise<Value | undefined> {
  const item = await findItem(table, pk, sk);
  return item && readItem(table, item, shape);
}

/**
 * Writes a value with the next version (`dynamodb:PutItem`). Returns false, and writes nothing, if the stored version is
 * another than the value's; a value of version 0 is written only where nothing is stored. Throws `StoreUnavailableError`.
 */
export async function saveVersioned<Value extends { readonly version: number }>(
  table: Table,
  key: ItemKey,
  shape: z.ZodType<Value & object, object>,
  value: Value & object,
): Promise<boolean> {
  const { version } = value;
  const Item = { ...key, ...encodeItem(shape, { ...value, version: version + 1 }) };
  const condition =
    version === 0
      ? { ConditionExpression: "attribute_not_exists(pk)" }
      : {
          ConditionExpression: "#version = :version",
          ExpressionAttributeNames: { "#version": "version" },
          ExpressionAttributeValues: { ":version": version },
        };
  try {
    await table.documents.send(new PutCommand({ TableName: table.name, Item, ...condition }));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw toStoreError(table, error, "dynamodb:PutItem");
  }
}
