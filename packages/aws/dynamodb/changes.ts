import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { ChangeStore } from "@drift-guard/core/ports";
import { ChangeItem, encodeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { findItem, openTable, readOrSkip, type TableOptions, toStoreError } from "./table.ts";

// Longer than rechecks follow a change.
const retentionSeconds = 3 * 86_400;

/**
 * Creates the store of changes that are rechecked, over the findings table. It needs `dynamodb:Query` and
 * `dynamodb:PutItem`. DynamoDB deletes a change three days after `now`. Every call throws `StoreUnavailableError` if the
 * table fails. A change that cannot be read is none.
 */
export function createChangeStore(
  client: DynamoDBClient,
  options: TableOptions & { now(): Date },
): ChangeStore {
  const table = openTable(client, options.table, options.onUnreadable);
  return {
    async keep(role, change) {
      const Item = {
        pk: findingKeys.partition(role),
        sk: findingKeys.change(change.id),
        ...encodeItem(ChangeItem, { change }),
        expires: Math.floor(options.now().getTime() / 1000) + retentionSeconds,
      };
      try {
        await table.documents.send(new PutCommand({ TableName: table.name, Item }));
      } catch (error) {
        throw toStoreError(table, error, "dynamodb:PutItem");
      }
    },
    async find(role, changeId) {
      const item = await findItem(table, findingKeys.partition(role), findingKeys.change(changeId));
      return item && readOrSkip(table, item, ChangeItem)?.change;
    },
  };
}
