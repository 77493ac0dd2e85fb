import { ConditionalCheckFailedException, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { FullReads } from "@drift-guard/core/model/full-reads";
import type { FullReadStore } from "@drift-guard/core/ports";
import { encodeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { findItem, openTable, readItem, toStoreError } from "./table.ts";

/**
 * Creates the store of the reads of every watched role over the findings table. It needs `dynamodb:Query` and
 * `dynamodb:PutItem`. Every call throws `StoreUnavailableError` if the table fails or if the item is unreadable.
 */
export function createFullReadStore(
  client: DynamoDBClient,
  options: { readonly table: string },
): FullReadStore {
  const table = openTable(client, options.table);
  return {
    async load(account, region) {
      const item = await findItem(table, findingKeys.account(account), findingKeys.fullReads(region));
      return item ? readItem(table, item, FullReads) : { version: 0 };
    },
    async save(account, reads, region) {
      const { version } = reads;
      const Item = {
        pk: findingKeys.account(account),
        sk: findingKeys.fullReads(region),
        ...encodeItem(FullReads, { ...reads, version: version + 1 }),
      };
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
    },
  };
}
