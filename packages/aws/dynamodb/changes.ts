import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { ChangeStore } from "@drift-guard/core/ports";
import { ChangeItem, encodeItem } from "@drift-guard/core/store/items";
import { confirmChange, nameChange } from "@drift-guard/core/store/kept-changes";
import { findingKeys } from "@drift-guard/core/store/keys";
import { findItem, openTable, readOrSkip, type TableOptions, toStoreError } from "./table.ts";

// Longer than a recheck may wait: rechecks follow a change for 26 hours, a message lasts 14 days, and 14 more if it is moved
// back from the dead-letter queue (docs/aws-facts.md, "DynamoDB, SQS and Lambda"). So a change that is gone was deleted.
const retentionSeconds = 31 * 86_400;

/**
 * Creates the store of changes that are rechecked, over the findings table. It needs `dynamodb:Query` and
 * `dynamodb:PutItem`. DynamoDB deletes a change 31 days after `now`. Every call throws `StoreUnavailableError` if the
 * table fails. `onUnreadable` is told the key of a change that cannot be read, is not the one that was kept, or is gone.
 */
export function createChangeStore(
  client: DynamoDBClient,
  options: TableOptions & { now(): Date },
): ChangeStore {
  const table = openTable(client, options.table, options.onUnreadable);
  return {
    async keep(role, change) {
      const name = nameChange(change);
      const Item = {
        pk: findingKeys.partition(role),
        sk: findingKeys.change(name),
        ...encodeItem(ChangeItem, { change }),
        expires: Math.floor(options.now().getTime() / 1000) + retentionSeconds,
      };
      try {
        await table.documents.send(new PutCommand({ TableName: table.name, Item }));
      } catch (error) {
        throw toStoreError(table, error, "dynamodb:PutItem");
      }
      return name;
    },
    async find(role, name) {
      const pk = findingKeys.partition(role);
      const sk = findingKeys.change(name);
      const item = await findItem(table, pk, sk);
      const found = item && readOrSkip(table, item, ChangeItem)?.change;
      return confirmChange(found, name, () => table.onUnreadable(`${pk} ${sk}`));
    },
  };
}
