import { setTimeout as pause } from "node:timers/promises";
import { type DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { PutCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { Control, RollbackBudget } from "@drift-guard/core/model/control";
import type { Instant } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore, Spending } from "@drift-guard/core/ports";
import { type BudgetWindow, budgetWindow } from "@drift-guard/core/rollback/rollback-limit";
import { assembleControl } from "@drift-guard/core/store/control-items";
import { encodeItem, StopItem } from "@drift-guard/core/store/items";
import { controlKeys, schema } from "@drift-guard/core/store/keys";
import {
  findItem,
  type Item,
  openTable,
  queryItems,
  readItem,
  sortKeyOf,
  type Table,
  toStoreError,
} from "./table.ts";

// DynamoDB cancels one of two concurrent transactions on the same items; after this many conflicts the call fails.
const maxSpendAttempts = 6;

// An ended window is kept this long, for people who look into what happened.
const budgetRetentionDays = 7;

/**
 * Creates the control store over the control table. `load` needs `dynamodb:Query`, `spend` needs `dynamodb:UpdateItem`,
 * `openBreaker` needs `dynamodb:PutItem`. Every call throws `StoreUnavailableError` if the table fails. `load` leaves
 * out an unreadable item and names it in `unreadable`, so that no role is written on incomplete control data.
 */
export function createControlStore(
  client: DynamoDBClient,
  options: { readonly table: string },
): ControlStore {
  const table = openTable(client, options.table);
  return {
    load: (role) => loadControl(table, role),
    spend: (role, budget, now) => spend(table, role, budget, now),
    openBreaker: (role, reason) => openBreaker(table, role, reason),
  };
}

async function loadControl(table: Table, role: RoleKey): Promise<Control> {
  const [pauseItem, items] = await Promise.all([
    findItem(table, controlKeys.account(role.account), controlKeys.paused),
    queryDecisions(table, role),
  ]);
  return assembleControl(
    items.map((item) => ({ key: sortKeyOf(item), item })),
    pauseItem,
    (item, shape) => readItem(table, item, shape),
  );
}

async function queryDecisions(table: Table, role: RoleKey): Promise<readonly Item[]> {
  const items: Item[] = [];
  const query = queryItems(table, {
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": controlKeys.partition(role) },
    ConsistentRead: true,
  });
  for await (const item of query) items.push(item);
  return items;
}

async function spend(table: Table, role: RoleKey, budget: RollbackBudget, now: Instant): Promise<Spending> {
  const window = budgetWindow(budget, now);
  for (let attempt = 0; attempt < maxSpendAttempts; attempt += 1) {
    try {
      await table.documents.send(
        new TransactWriteCommand({
          TransactItems: [
            countRollback(table, controlKeys.partition(role), window, budget.perRole),
            countRollback(table, controlKeys.account(role.account), window, budget.perAccount),
          ],
        }),
      );
      return "spent";
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? error.CancellationReasons : undefined;
      const [byRole, byAccount] = (reasons ?? []).map(({ Code }) => Code);
      if (byRole === "ConditionalCheckFailed") return "role budget exhausted";
      if (byAccount === "ConditionalCheckFailed") return "account budget exhausted";
      if (byRole !== "TransactionConflict" && byAccount !== "TransactionConflict") {
        throw toStoreError(table, error, "dynamodb:UpdateItem");
      }
      await pause(20 * 2 ** attempt * Math.random());
    }
  }
  throw new StoreUnavailableError(
    `Other rollbacks spent from the budget of ${role.name} in the table ${table.name} during all ${maxSpendAttempts} attempts. ` +
      "Nothing was spent; try again.",
  );
}

/**
 * Returns the conditional write that counts one rollback in a window, if fewer than `limit` are counted: the rule of
 * `findExhaustedBudget`, in one write.
 */
function countRollback(table: Table, pk: string, window: BudgetWindow, limit: number) {
  return {
    Update: {
      TableName: table.name,
      Key: { pk, sk: controlKeys.budget(window.id) },
      UpdateExpression: "SET #schema = :schema, expires = :expires ADD spent :one",
      ConditionExpression: "attribute_not_exists(spent) OR spent < :limit",
      ExpressionAttributeNames: { "#schema": "schema" },
      ExpressionAttributeValues: {
        ":schema": schema,
        ":expires": Math.floor(window.endsAt.getTime() / 1000) + budgetRetentionDays * 86_400,
        ":one": 1,
        ":limit": limit,
      },
    },
  };
}

async function openBreaker(table: Table, role: RoleKey, reason: string): Promise<void> {
  try {
    await table.documents.send(
      new PutCommand({
        TableName: table.name,
        Item: {
          pk: controlKeys.partition(role),
          sk: controlKeys.breaker,
          ...encodeItem(StopItem, { reason }),
        },
      }),
    );
  } catch (error) {
    throw toStoreError(table, error, "dynamodb:PutItem");
  }
}
