import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { paginateScan } from "@aws-sdk/lib-dynamodb";
import { findingKeys, ledgerSchema, oldLedgerSchema } from "@drift-guard/core/store/keys";
import { openTable, sortKeyOf, toStoreError } from "./table.ts";

/** How many ledgers, findings and transitions of the findings table have which schema. */
export interface SchemaCount {
  /** Items of the present schema. */
  readonly current: number;
  /** Items of the older schema. */
  readonly old: number;
  /** Names, in lower case, of the account's roles with items of the older schema. */
  readonly roles: readonly string[];
}

/**
 * Counts the ledgers, findings and transitions of an account by their schema. It reads the whole table (`dynamodb:Scan`),
 * which only a migration does. Throws `StoreUnavailableError`.
 */
export async function countSchemas(
  client: DynamoDBClient,
  { table: name, account }: { readonly table: string; readonly account: string },
): Promise<SchemaCount> {
  const table = openTable(client, name);
  let [current, old] = [0, 0];
  const roles = new Set<string>();
  const prefix = findingKeys.account(account);
  try {
    const pages = paginateScan(
      { client: table.documents },
      {
        TableName: name,
        FilterExpression:
          "begins_with(pk, :account) AND (sk = :ledger OR begins_with(sk, :finding) OR begins_with(sk, :transition))",
        ProjectionExpression: "pk, sk, #schema",
        ExpressionAttributeNames: { "#schema": "schema" },
        ExpressionAttributeValues: {
          ":account": prefix,
          ":ledger": findingKeys.ledger(),
          ":finding": findingKeys.finding(""),
          ":transition": findingKeys.anyTransition,
        },
        ConsistentRead: true,
      },
    );
    for await (const { Items = [] } of pages) {
      for (const item of Items) {
        if (item.schema === ledgerSchema) current += 1;
        if (item.schema !== oldLedgerSchema || sortKeyOf(item) === "") continue;
        old += 1;
        if (typeof item.pk === "string") roles.add(item.pk.slice(prefix.length));
      }
    }
  } catch (error) {
    throw toStoreError(table, error, "dynamodb:Scan");
  }
  return { current, old, roles: [...roles].sort() };
}
