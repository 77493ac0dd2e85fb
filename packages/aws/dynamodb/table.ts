import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, paginateQuery, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import { schema } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { errorCodeOf, formatFailure } from "../failure.ts";

/** A stored item, not validated yet. */
export type Item = Readonly<Record<string, unknown>>;

/** A DynamoDB table with the keys `pk` and `sk`, and the client that reads and writes it. */
export interface Table {
  readonly name: string;
  readonly documents: DynamoDBDocumentClient;
  /** Told the key of each item that `readOrSkip` leaves out. */
  onUnreadable(key: string): void;
}

/** A table's name, and who is told of items that cannot be read and are left out; nobody without it. */
export interface TableOptions {
  readonly table: string;
  readonly onUnreadable?: (key: string) => void;
}

/** Opens a table by its name. Makes no call. */
export function openTable(
  client: DynamoDBClient,
  name: string,
  onUnreadable: TableOptions["onUnreadable"] = () => {},
): Table {
  return {
    name,
    onUnreadable,
    documents: DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true },
      // By default, the client throws at a number that is too long: one strange item would hide all others.
      unmarshallOptions: { wrapNumbers: Number },
    }),
  };
}

/** Yields the items of a query, page by page (`dynamodb:Query`). Throws `StoreUnavailableError`. */
export async function* queryItems(
  table: Table,
  input: Omit<QueryCommandInput, "TableName">,
): AsyncIterable<Item> {
  try {
    const pages = paginateQuery({ client: table.documents }, { TableName: table.name, ...input });
    for await (const page of pages) yield* page.Items ?? [];
  } catch (error) {
    throw toStoreError(table, error, "dynamodb:Query");
  }
}

/**
 * Returns the item of a key, read consistently, or undefined if there is none. Throws `StoreUnavailableError`.
 */
export async function findItem(table: Table, pk: string, sk: string): Promise<Item | undefined> {
  // A query, not GetItem: functions then need one read permission instead of two.
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND sk = :sk",
    ExpressionAttributeValues: { ":pk": pk, ":sk": sk },
    ConsistentRead: true,
  });
  for await (const item of items) return item;
  return undefined;
}

const Stored = z.looseObject({ pk: z.string(), sk: z.string() });

/** Returns the item's sort key, or an empty text if it has none; `readItem` refuses such an item. */
export function sortKeyOf(item: Item): string {
  return typeof item.sk === "string" ? item.sk : "";
}

/**
 * Validates a stored item, whose schema must be one of `schemas`. Throws `StoreUnavailableError`, which names its key and
 * every invalid field.
 */
export function readItem<T>(
  table: Table,
  item: Item,
  shape: z.ZodType<T>,
  schemas: readonly number[] = [schema],
): T {
  const stored = Stored.safeParse(item);
  const key = stored.success ? `${stored.data.pk} ${stored.data.sk}` : "without a key";
  const where = `The item ${key} of the table ${table.name}`;
  if (!schemas.some((readable) => readable === item.schema)) {
    throw new StoreUnavailableError(
      `${where} has schema ${String(item.schema)}, and this version of drift-guard reads schema ${schemas.join(" and ")}. ` +
        "Deploy the version that wrote the item, or one that reads its schema.",
    );
  }
  const parsed = shape.safeParse(item);
  if (parsed.success) return parsed.data;
  throw new StoreUnavailableError(
    `${where} is invalid and was not used. Repair or remove it.\n${formatIssues(parsed.error, item)}`,
    { cause: parsed.error },
  );
}

/**
 * Validates a stored item of schema 1 as `readItem` does. Returns undefined for one that cannot be read, which somebody else
 * wrote: it must not hide the others, or keep a role from being evaluated.
 */
export function readOrSkip<T>(table: Table, item: Item, shape: z.ZodType<T>): T | undefined {
  const parsed = item.schema === schema ? shape.safeParse(item) : undefined;
  if (parsed?.success) return parsed.data;
  table.onUnreadable(`${String(item.pk)} ${String(item.sk)}`);
  return undefined;
}

/**
 * Returns the failure of a call to the table as a `StoreUnavailableError`, with what to do about it; a
 * `StoreUnavailableError` is returned unchanged. `permission` is the IAM action of the call.
 */
export function toStoreError(table: Table, error: unknown, permission: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  if (errorCodeOf(error) === "ResourceNotFound") {
    return new StoreUnavailableError(
      `The table ${table.name} does not exist in this account and Region, or lacks an index. Check the stage, the ` +
        "credentials and the Region (regions.guard in the configuration), or deploy the stack.",
      { cause: error },
    );
  }
  return new StoreUnavailableError(
    `The table ${table.name} cannot be used: ${formatFailure(error, permission)}`,
    { cause: error },
  );
}
