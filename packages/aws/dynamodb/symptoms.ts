import { ConditionalCheckFailedException, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { addSeconds, clockSlackMs } from "@drift-guard/core/model/instant";
import { ClaimItem } from "@drift-guard/core/model/symptom-claim";
import type { SymptomStore } from "@drift-guard/core/ports";
import { encodeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { openTable, toStoreError } from "./table.ts";

const retentionSeconds = 86_400;

/**
 * Creates the store of claimed symptoms over the findings table. It needs `dynamodb:PutItem`. DynamoDB deletes a claim
 * after a day. Throws `StoreUnavailableError` if the table fails.
 */
export function createSymptomStore(
  client: DynamoDBClient,
  options: { readonly table: string },
): SymptomStore {
  const table = openTable(client, options.table);
  return {
    async claim(account, { key, eventId, at, since }) {
      const command = new PutCommand({
        TableName: table.name,
        Item: {
          pk: findingKeys.account(account),
          sk: findingKeys.symptom(key),
          ...encodeItem(ClaimItem, { eventId, claimedAt: at }),
          expires: Math.floor(Date.parse(at) / 1000) + retentionSeconds,
        },
        // A claim from further ahead than clocks differ is forged, and would hold for good.
        ConditionExpression:
          "attribute_not_exists(pk) OR attribute_not_exists(claimedAt) OR claimedAt < :since OR claimedAt > :ahead OR eventId = :event",
        ExpressionAttributeValues: {
          ":since": since,
          ":ahead": addSeconds(at, clockSlackMs / 1000),
          ":event": eventId,
        },
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
