import { parentPort, workerData } from "node:worker_threads";
import { LedgerConflictError } from "@drift-guard/core/errors";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import * as z from "zod";
import { aFinding, aKey, aTransition } from "../../builders.ts";

const { path, name, commits } = z
  .object({ path: z.string(), name: z.string(), commits: z.number() })
  .parse(workerData);

// Adds its findings in one commit each, and loads the ledger again after a conflict.
const database = openDatabase(path);
const store = createFindingStore(database);
let conflicts = 0;
for (let count = 0; count < commits; ) {
  const before = await store.load(aKey());
  const finding = aFinding({ id: `${name}-${count}` });
  const after = { ...before, findings: [...before.findings, finding] };
  try {
    await store.commit({ before, after, transitions: [aTransition({ finding })] });
    count += 1;
  } catch (error) {
    if (!(error instanceof LedgerConflictError)) throw error;
    conflicts += 1;
  }
}
database.close();
parentPort?.postMessage(conflicts);
