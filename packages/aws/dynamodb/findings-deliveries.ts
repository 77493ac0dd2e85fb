import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { formatCause } from "@drift-guard/core/errors";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Instant } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Delivery, Sink, UnreadableItem } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { errorCodeOf } from "../failure.ts";
import { DeliveryItem, expiryFrom, readableSchemas } from "./findings-items.ts";
import { findItem, type Item, queryItems, readItem, sortKeyOf, type Table, toStoreError } from "./table.ts";

/**
 * Finds the stored transition with a finding's sequence number, and the sinks of `sinks` that have not delivered it yet;
 * undefined if there is none, or if it cannot be read: one such item must not hold up others. Throws
 * `StoreUnavailableError`.
 */
export async function findDelivery(
  table: Table,
  { role, id, seq }: Pick<Finding, "role" | "id" | "seq">,
  sinks: readonly Sink[],
): Promise<Delivery | undefined> {
  const item = await findItem(table, findingKeys.partition(role), findingKeys.transition(id, seq));
  const delivery = item && tryReadDelivery(table, item, sinks);
  return delivery === undefined || "why" in delivery ? undefined : delivery;
}

function readDelivery(table: Table, item: Item, sinks: readonly Sink[]): Delivery {
  const { sinks: waiting, ...stored } = readItem(table, item, DeliveryItem, readableSchemas);
  return { ...stored, awaiting: sinks.filter((sink) => waiting.has(sink)) };
}

/**
 * Removes a sink from those that have not delivered a transition yet, and stores what people were told
 * (`dynamodb:UpdateItem`). Does nothing if the transition has expired. Throws `StoreUnavailableError`.
 */
export async function markDelivered(
  table: Table,
  transition: Transition,
  sink: Sink,
  told?: string,
): Promise<void> {
  const Key = keyOf(transition);
  try {
    const { Attributes } = await table.documents.send(
      new UpdateCommand({
        TableName: table.name,
        Key,
        UpdateExpression: `${told === undefined ? "" : "SET told = :told "}DELETE sinks :sink`,
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: {
          ":sink": new Set([sink]),
          ...(told !== undefined && { ":told": told }),
        },
        ReturnValues: "ALL_NEW",
      }),
    );
    if (Attributes?.sinks !== undefined || Attributes?.due === undefined) return;
    // No sink is left: the last one takes the transition out of the index. If it fails before this call, the empty set
    // alone says that no sink is awaited.
    await table.documents.send(
      new UpdateCommand({
        TableName: table.name,
        Key,
        UpdateExpression: "REMOVE due, dueAt",
        ConditionExpression: "attribute_exists(pk) AND attribute_not_exists(sinks)",
      }),
    );
  } catch (error) {
    // The transition has expired, so no mark is needed.
    if (errorCodeOf(error) === "ConditionalCheckFailed") return;
    throw toStoreError(table, error, "dynamodb:UpdateItem");
  }
}

/**
 * Adds a sink to those that must deliver a transition, and extends its expiry from `at` (ISO 8601;
 * `dynamodb:UpdateItem`). Does nothing if the transition has expired. Throws `StoreUnavailableError`.
 */
export async function renewTransition(
  table: Table,
  transition: Transition,
  sink: Sink,
  at: Instant,
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
    // The transition has expired, so no sink can deliver it again.
    if (errorCodeOf(error) === "ConditionalCheckFailed") return;
    throw toStoreError(table, error, "dynamodb:UpdateItem");
  }
}

/**
 * Yields the transitions due before `at` (ISO 8601) that a sink of `sinks` has not delivered yet. An item that cannot be read
 * is handed to `onUnreadable` and taken out of the index (`dynamodb:UpdateItem`); it still awaits its sinks, so that a message
 * that names it delivers it once it is repaired. Throws `StoreUnavailableError`, for such an item after all have been yielded.
 */
export async function* readUndelivered(
  table: Table,
  at: Instant,
  sinks: readonly Sink[],
  onUnreadable: (item: UnreadableItem) => void,
): AsyncIterable<Transition> {
  let failure: unknown;
  const items = queryItems(table, {
    IndexName: "byDue",
    KeyConditionExpression: "due = :due AND dueAt < :at",
    ExpressionAttributeValues: { ":due": "1", ":at": at },
  });
  for await (const item of items) {
    const delivery = tryReadDelivery(table, item, sinks);
    if (!("why" in delivery)) {
      if (delivery.awaiting.length > 0) yield delivery.transition;
      continue;
    }
    onUnreadable(delivery);
    await setAside(table, item).catch((error: unknown) => {
      failure ??= error;
    });
  }
  if (failure !== undefined) throw failure;
}

function tryReadDelivery(table: Table, item: Item, sinks: readonly Sink[]): Delivery | UnreadableItem {
  try {
    return readDelivery(table, item, sinks);
  } catch (error) {
    return { key: `${String(item.pk)} ${sortKeyOf(item)}`, why: formatCause(error) };
  }
}

async function setAside(table: Table, { pk, sk }: Item): Promise<void> {
  try {
    await table.documents.send(
      new UpdateCommand({
        TableName: table.name,
        Key: { pk, sk },
        UpdateExpression: "REMOVE due, dueAt",
        ConditionExpression: "attribute_exists(pk)",
      }),
    );
  } catch (error) {
    // Somebody deleted it meanwhile.
    if (errorCodeOf(error) === "ConditionalCheckFailed") return;
    throw toStoreError(table, error, "dynamodb:UpdateItem");
  }
}

function keyOf({ finding: { role, id, seq } }: Transition) {
  return { pk: findingKeys.partition(role), sk: findingKeys.transition(id, seq) };
}
