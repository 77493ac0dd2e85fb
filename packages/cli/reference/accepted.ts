import { existsSync } from "node:fs";
import type { Finding } from "@drift-guard/core/model/finding";
import type { FindingStore } from "@drift-guard/core/ports";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "../command.ts";
import { chooseFinding } from "../finding-choice.ts";

/** Where findings are stored: an SQLite file (`findings`) or a DynamoDB table (`table`). Exactly one is given. */
export interface FindingSource {
  readonly findings?: string | undefined;
  readonly table?: string | undefined;
}

/** The findings whose ids begin with these texts. Throws `UsageError` if a text matches none, or several. */
export async function readFindings(
  ids: readonly string[],
  place: FindingSource,
): Promise<readonly Finding[]> {
  const { store, close } = await openStore(place);
  try {
    const all: Finding[] = [];
    for await (const finding of store.listFindings()) all.push(finding);
    return ids.map((id) => chooseFinding(id, all));
  } finally {
    close();
  }
}

async function openStore({
  findings,
  table,
}: FindingSource): Promise<{ readonly store: FindingStore; close(): void }> {
  if (findings !== undefined && table === undefined) {
    // SQLite would create a missing file.
    if (!existsSync(findings))
      throw new UsageError(`The findings file ${sanitise(findings, 200)} does not exist.`);
    const { openDatabase } = await import("@drift-guard/embedded/sqlite/database");
    const { createFindingStore } = await import("@drift-guard/embedded/sqlite/findings");
    const database = openDatabase(findings);
    return { store: createFindingStore(database), close: () => database.close() };
  }
  if (table !== undefined && findings === undefined) {
    const { DynamoDBClient } = await import("@aws-sdk/client-dynamodb");
    const { createFindingStore } = await import("@drift-guard/aws/dynamodb/findings");
    const client = new DynamoDBClient();
    return { store: createFindingStore(client, { table, sinks: [] }), close: () => client.destroy() };
  }
  throw new UsageError(
    "--finding needs either --findings FILE or --table NAME, the table Findings of a deployed guard.",
  );
}
