import { ConditionalCheckFailedException, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { AnswerStore } from "@drift-guard/core/ports";
import { AnswerItem, encodeItem } from "@drift-guard/core/store/items";
import { controlKeys } from "@drift-guard/core/store/keys";
import { openTable, toStoreError } from "./table.ts";

// Far longer than a signature holds.
const retentionSeconds = 86_400;

/**
 * Creates the store of given answers over the control table. It needs `dynamodb:PutItem`. DynamoDB deletes an answer after
 * a day, when its signature has long ended. Throws `StoreUnavailableError` if the table fails.
 */
export function createAnswerStore(client: DynamoDBClient, options: { readonly table: string }): AnswerStore {
  const table = openTable(client, options.table);
  return {
    async claim(account, digest, at) {
      const command = new PutCommand({
        TableName: table.name,
        Item: {
          pk: controlKeys.account(account),
          sk: controlKeys.answer(digest),
          ...encodeItem(AnswerItem, { at }),
          expires: Math.floor(Date.parse(at) / 1000) + retentionSeconds,
        },
        ConditionExpression: "attribute_not_exists(pk)",
      });
      try {
        await table.documents.send(command);
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw toStoreError(table, error, "dynamodb:PutItem");
      }
    },
  };
}
