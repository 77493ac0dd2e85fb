import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Delivery, Sink } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { errorCodeOf } from "../failure.ts";
import { DeliveryItem, expiryFrom } from "./findings-items.ts";
import { findItem, type Item, queryItems, readItem, type Table, toStoreError } from "./table.ts";

/** The stored transition of a finding's number. */
export async function findDelivery(
  table: Table,
  { role, id, seq }: Finding,
  sinks: readonly Sink[],
): Promise<Delivery | undefined> {
  const item = await findItem(table, findingKeys.partition(role), findingKeys.transition(id, seq));
  return item && readDelivery(table, item, sinks);
}

function readDelivery(table: Table, item: Item, sinks: readonly Sink[]): Delivery {
  const { sinks: waiting, ...stored } = readItem(table, item, DeliveryItem);
  return { ...stored, awaiting: sinks.filter((sink) => waiting.has(sink)) };
}

/** Takes a sink off those that wait. */
export async function markDelivered(table: Table, transition: Transition, sink: Sink): Promise<void> {
  const Key = keyOf(transition);
  try {
    const { Attributes } = await table.documents.send(
      new UpdateCommand({
        TableName: table.name,
        Key,
        UpdateExpression: "DELETE sinks :sink",
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: { ":sink": new Set([sink]) },
        ReturnValues: "ALL_NEW",
      }),
    );
    if (Attributes?.sinks !== undefined || Attributes?.due === undefined) return;
    // DynamoDB drops a set that became empty: nobody is left to deliver to, so it leaves the index. Whoever comes
    // last does this; where it ended before it could, nobody is waited for all the same.
    await table.documents.send(
      new UpdateCommand({
        TableName: table.name,
        Key,
        UpdateExpression: "REMOVE due, dueAt",
        ConditionExpression: "attribute_exists(pk) AND attribute_not_exists(sinks)",
      }),
    );
  } catch (error) {
    // A transition that has expired meanwhile needs no mark.
    if (errorCodeOf(error) === "ConditionalCheckFailed") return;
    throw toStoreError(table, error, "dynamodb:UpdateItem");
  }
}

/** Puts a sink back among those that wait, and the transition's end further away. */
export async function renewTransition(
  table: Table,
  transition: Transition,
  sink: Sink,
  at: string,
): Promise<void> {
  try {
    await table.documents.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(transition),
        UpdateExpression: "ADD sinks :sink SET due = :due, dueAt = :at, renewedAt = :at, expires = :expires",
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: {
          ":sink": new Set([sink]),
          ":due": "1",
          ":at": at,
          ":expires": expiryFrom(at),
        },
      }),
    );
  } catch (error) {
    // One that has expired meanwhile cannot be told again.
    if (errorCodeOf(error) === "ConditionalCheckFailed") return;
    throw toStoreError(table, error, "dynamodb:UpdateItem");
  }
}

/** The transitions from before a moment that wait for one of these sinks. */
export async function* readUndelivered(
  table: Table,
  at: string,
  sinks: readonly Sink[],
): AsyncIterable<Transition> {
  let unreadable: unknown;
  const items = queryItems(table, {
    IndexName: "byDue",
    KeyConditionExpression: "due = :due AND dueAt < :at",
    ExpressionAttributeValues: { ":due": "1", ":at": at },
  });
  for await (const item of items) {
    try {
      const { transition, awaiting } = readDelivery(table, item, sinks);
      if (awaiting.length > 0) yield transition;
    } catch (error) {
      unreadable ??= error;
    }
  }
  // One that cannot be read must not keep the others from being told, and must not go unsaid either.
  if (unreadable !== undefined) throw unreadable;
}

function keyOf({ finding: { role, id, seq } }: Transition) {
  return { pk: findingKeys.partition(role), sk: findingKeys.transition(id, seq) };
}
