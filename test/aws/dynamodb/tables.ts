import { randomUUID } from "node:crypto";
import { type AttributeDefinition, CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocumentClient, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";

/** Creates an empty table with the keys and the indexes of the findings table. Returns its name. */
export async function createTable(client: DynamoDBClient): Promise<string> {
  const TableName = `table-${randomUUID()}`;
  const strings = ["pk", "sk", "due", "dueAt", "listing", "listingOrder"];
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: strings.map(
        (AttributeName): AttributeDefinition => ({ AttributeName, AttributeType: "S" }),
      ),
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: "byDue",
          KeySchema: [
            { AttributeName: "due", KeyType: "HASH" },
            { AttributeName: "dueAt", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
        {
          IndexName: "byListing",
          KeySchema: [
            { AttributeName: "listing", KeyType: "HASH" },
            { AttributeName: "listingOrder", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  return TableName;
}

/** Returns a function that puts an item into a table without a store, as its JSON. */
export function putInto(client: DynamoDBClient, table: string) {
  const documents = DynamoDBDocumentClient.from(client);
  return async (pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void> => {
    const stored = JSON.parse(JSON.stringify({ pk, sk, ...item }));
    await documents.send(new PutCommand({ TableName: table, Item: stored }));
  };
}

/** Returns functions that remove an item of a table, and that read those of a partition as JSON. */
export function itemsIn(client: DynamoDBClient, table: string) {
  const documents = DynamoDBDocumentClient.from(client);
  return {
    remove: async (pk: string, sk: string): Promise<void> => {
      await documents.send(new DeleteCommand({ TableName: table, Key: { pk, sk } }));
    },
    items: async (pk: string) => {
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": pk },
          ConsistentRead: true,
        }),
      );
      return new Map(Items.map(({ pk: _, sk, ...item }) => [String(sk), JSON.parse(JSON.stringify(item))]));
    },
  };
}
