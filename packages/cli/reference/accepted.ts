import { existsSync } from "node:fs";
import type { Finding } from "@drift-guard/core/model/finding";
import type { FindingStore } from "@drift-guard/core/ports";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "../command.ts";

/** Where findings are kept: a file of SQLite, or a table of DynamoDB. */
export interface FindingSource {
  readonly findings?: string | undefined;
  readonly table?: string | undefined;
}

/** The findings of these ids, or of ids that begin so; throws `UsageError` where there is none, or more than one. */
export async function readFindings(
  ids: readonly string[],
  place: FindingSource,
): Promise<readonly Finding[]> {
  const { store, close } = await openStore(place);
  try {
    const all: Finding[] = [];
    for await (const finding of store.findings()) all.push(finding);
    return ids.map((id) => chooseFinding(id, all));
  } finally {
    close();
  }
}

function chooseFinding(id: string, all: readonly Finding[]): Finding {
  const [found, ...others] = all.filter((finding) => finding.id.startsWith(id));
  if (!found || id === "") {
    throw new UsageError(
      `There is no finding ${sanitise(id, 80)} among the ${all.length} that are kept there.`,
    );
  }
  if (others.length > 0) {
    throw new UsageError(
      `${others.length + 1} findings begin with ${sanitise(id, 80)}: give more of the id.`,
    );
  }
  return found;
}

async function openStore({
  findings,
  table,
}: FindingSource): Promise<{ readonly store: FindingStore; close(): void }> {
  if (findings !== undefined && table === undefined) {
    // Opening a file that is not there would make it.
    if (!existsSync(findings))
      throw new UsageError(`There is no file ${sanitise(findings, 200)} with findings.`);
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
    "Say where the finding is kept: --findings FILE, or --table NAME for the table Findings of a deployed guard.",
  );
}
