import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { encodeItem } from "@drift-guard/core/store/items";
import { brokenVersion, isHonestVersion } from "@drift-guard/core/store/versions";
import type * as z from "zod";
import { findItem, readOrSkip, type Table, toStoreError } from "./table.ts";

/** The key of an item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/**
 * Returns the value of an item (`dynamodb:Query`); `empty`, of version 0, if there is none. An item that cannot be read counts
 * as `empty` too, under a version with which `saveVersioned` overwrites it. Throws `StoreUnavailableError`.
 */
export async function loadVersioned<Value extends { readonly version: number }>(
  table: Table,
  { pk, sk }: ItemKey,
  shape: z.ZodType<Value, object>,
  empty: Value,
): Promise<Value> {
  const item = await findItem(table, pk, sk);
  if (item === undefined) return empty;
  const value = isHonestVersion(item.version) ? readOrSkip(table, item, shape) : undefined;
  if (value) return value;
  if (!isHonestVersion(item.version)) table.onUnreadable(`${pk} ${sk}`);
  return { ...empty, version: isHonestVersion(item.version) ? item.version : brokenVersion };
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
  const next = version === brokenVersion ? 1 : version + 1;
  const Item = { ...key, ...encodeItem(shape, { ...value, version: next }) };
  const condition =
    version === 0
      ? { ConditionExpression: "attribute_not_exists(pk)" }
      : version === brokenVersion
        ? {
            // Another process that repairs it writes this next version too.
            ConditionExpression: "attribute_not_exists(#version) OR #version <> :next",
            ExpressionAttributeNames: { "#version": "version" },
            ExpressionAttributeValues: { ":next": next },
          }
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
