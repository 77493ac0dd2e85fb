import { randomUUID } from "node:crypto";
import { type AttributeDefinition, CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";

/** Creates an empty table with the keys and the index of the findings table. Returns its name. */
export async function createTable(client: DynamoDBClient): Promise<string> {
  const TableName = `table-${randomUUID()}`;
  const strings = ["pk", "sk", "due", "dueAt"];
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
