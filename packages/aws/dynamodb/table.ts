import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DynamoDBDocumentClient,
  paginateQuery,
  paginateScan,
  type QueryCommandInput,
  type ScanCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { schema } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { errorCodeOf, formatFailure } from "../failure.ts";

/** An item as DynamoDB holds it, before it is checked. */
export type Item = Readonly<Record<string, unknown>>;

/** One DynamoDB table, its keys named `pk` and `sk`. */
export interface Table {
  readonly name: string;
  readonly documents: DynamoDBDocumentClient;
}

/** Opens a table by its name; asks nothing of it yet. */
export function openTable(client: DynamoDBClient, name: string): Table {
  return {
    name,
    documents: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
  };
}

/** The items that a query gives, page by page. Throws `StoreUnavailableError`. */
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

/** The item of a key, read consistently; undefined where there is none. Throws `StoreUnavailableError`. */
export async function findItem(table: Table, pk: string, sk: string): Promise<Item | undefined> {
  // A query of one, so that a function needs one permission to read, not two.
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND sk = :sk",
    ExpressionAttributeValues: { ":pk": pk, ":sk": sk },
    ConsistentRead: true,
  });
  for await (const item of items) return item;
  return undefined;
}

/** The items of the whole table that a filter lets through, page by page. Throws `StoreUnavailableError`. */
export async function* scanItems(
  table: Table,
  input: Omit<ScanCommandInput, "TableName">,
): AsyncIterable<Item> {
  try {
    const pages = paginateScan({ client: table.documents }, { TableName: table.name, ...input });
    for await (const page of pages) yield* page.Items ?? [];
  } catch (error) {
    throw toStoreError(table, error, "dynamodb:Scan");
  }
}

const Stored = z.looseObject({ pk: z.string(), sk: z.string() });

/** The item's sort key; empty where it has none, which `readItem` then refuses. */
export function sortKeyOf(item: Item): string {
  return typeof item.sk === "string" ? item.sk : "";
}

/** Checks an item that was stored. Throws `StoreUnavailableError` that names its key and what is wrong with it. */
export function readItem<T>(table: Table, item: Item, shape: z.ZodType<T>): T {
  const stored = Stored.safeParse(item);
  const key = stored.success ? `${stored.data.pk} ${stored.data.sk}` : "without a key";
  const where = `The item ${key} of the table ${table.name}`;
  if (item.schema !== schema) {
    throw new StoreUnavailableError(
      `${where} is of schema ${String(item.schema)}, and this version of drift-guard reads schema ${schema}. ` +
        "Deploy the version that wrote it, or one that knows its schema.",
    );
  }
  const parsed = shape.safeParse(item);
  if (parsed.success) return parsed.data;
  throw new StoreUnavailableError(
    `${where} is not what it should be, so nothing is decided by it. Repair or remove it.\n${z.prettifyError(parsed.error)}`,
    { cause: parsed.error },
  );
}

/** What to tell of a call on a table that failed; an error that has been told already comes back as it is. */
export function toStoreError(table: Table, error: unknown, permission: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  if (errorCodeOf(error) === "ResourceNotFound") {
    return new StoreUnavailableError(
      `The table ${table.name} is not there, or lacks an index. Deploy the stack, or check the region and the ` +
        "environment variables that name the tables.",
      { cause: error },
    );
  }
  return new StoreUnavailableError(
    `The table ${table.name} cannot be used: ${formatFailure(error, permission)}`,
    { cause: error },
  );
}
