import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { TransitionUpgrade } from "@drift-guard/core/ports";
import { TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys, ledgerSchema, oldLedgerSchema } from "@drift-guard/core/store/keys";
import { listTransition } from "@drift-guard/core/store/ledger-items";
import { errorCodeOf } from "../failure.ts";
import { queryItems, sortKeyOf, type Table, toStoreError } from "./table.ts";

/**
 * Writes the present schema into the transitions of a role that have the older one (`dynamodb:Query`,
 * `dynamodb:UpdateItem`), each in one conditional update of what the schema adds: marks of sinks are kept, and the table's
 * stream shows no new item. Throws `StoreUnavailableError`.
 */
export async function upgradeTransitions(table: Table, role: RoleKey): Promise<TransitionUpgrade> {
  let upgraded = 0;
  const unreadable: string[] = [];
  const pk = findingKeys.partition(role);
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :transition)",
    ExpressionAttributeValues: { ":pk": pk, ":transition": findingKeys.anyTransition },
    ConsistentRead: true,
  });
  for await (const item of items) {
    if (item.schema === ledgerSchema) continue;
    const stored = item.schema === oldLedgerSchema ? TransitionItem.safeParse(item).data : undefined;
    if (!stored) {
      unreadable.push(sortKeyOf(item));
      continue;
    }
    const { listing, listingOrder } = listTransition(stored.transition);
    const command = new UpdateCommand({
      TableName: table.name,
      Key: { pk, sk: sortKeyOf(item) },
      UpdateExpression: "SET #schema = :schema, listing = :listing, listingOrder = :order",
      ConditionExpression: "#schema = :old",
      ExpressionAttributeNames: { "#schema": "schema" },
      ExpressionAttributeValues: {
        ":schema": ledgerSchema,
        ":old": oldLedgerSchema,
        ":listing": listing,
        ":order": listingOrder,
      },
    });
    try {
      await table.documents.send(command);
      upgraded += 1;
    } catch (error) {
      // It has expired, or somebody else has just written it.
      if (errorCodeOf(error) !== "ConditionalCheckFailed")
        throw toStoreError(table, error, "dynamodb:UpdateItem");
    }
  }
  return { upgraded, unreadable };
}
