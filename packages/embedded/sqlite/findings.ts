import type { DatabaseSync } from "node:sqlite";
import { LedgerConflictError } from "@drift-guard/core/errors";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Instant } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Commit, Delivery, FindingStore, Sink } from "@drift-guard/core/ports";
import { FindingItem, LedgerItem, TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { type Database, query, readItem, serializeItem, transact } from "./database.ts";

const KeyRow = z.object({ sk: z.string() });

/**
 * Creates the finding store over a SQLite database. A new transition is undelivered until each of `sinks` marks it. A
 * commit is one transaction. Every call throws `StoreUnavailableError` if the database fails or if an item is unreadable.
 */
export function createFindingStore(
  database: Database,
  { sinks = [] }: { readonly sinks?: readonly Sink[] } = {},
): FindingStore {
  return {
    load: async (role) => query(database, () => loadLedger(database, role)),
    commit: async (commit) => transact(database, (sqlite) => commitLedger(database, sqlite, commit, sinks)),
    async *findings() {
      for (const row of query(database, selectFindings)) yield readItem(database, row, FindingItem).finding;
    },
    history: async (role, findingId) => query(database, () => loadHistory(database, role, findingId)),
    findDelivery: async ({ finding }) => query(database, () => findDelivery(database, finding, sinks)),
    async markDelivered({ finding }, sink) {
      const { pk, sk } = transitionKey(finding);
      query(database, (sqlite) =>
        sqlite.prepare("DELETE FROM waiting WHERE pk = ? AND sk = ? AND sink = ?").run(pk, sk, sink),
      );
    },
    renew: async ({ finding }, sink, at) =>
      transact(database, (sqlite) => {
        const { pk, sk } = transitionKey(finding);
        const renewed = sqlite
          .prepare("UPDATE findings SET item = json_set(item, '$.renewedAt', ?) WHERE pk = ? AND sk = ?")
          .run(at, pk, sk);
        if (renewed.changes === 0) return;
        sqlite
          .prepare("INSERT OR REPLACE INTO waiting (at, pk, sk, sink) VALUES (?, ?, ?, ?)")
          .run(at, pk, sk, sink);
      }),
    async *undelivered(at) {
      const rows = query(database, (sqlite) => selectWaiting(sqlite, at, sinks));
      for (const row of rows) yield readItem(database, row, TransitionItem).transition;
    },
  };
}

function selectFindings(sqlite: DatabaseSync): unknown[] {
  return sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE sk GLOB ?")
    .all(`${findingKeys.finding("")}*`);
}

function selectWaiting(sqlite: DatabaseSync, at: Instant, sinks: readonly Sink[]): unknown[] {
  return sqlite
    .prepare(
      `SELECT DISTINCT findings.pk, findings.sk, item FROM waiting JOIN findings USING (pk, sk)
       WHERE at < ? AND sink IN (SELECT value FROM json_each(?)) ORDER BY at, pk, sk`,
    )
    .all(at, JSON.stringify(sinks));
}

function findDelivery(
  database: Database,
  finding: Pick<Finding, "role" | "id" | "seq">,
  sinks: readonly Sink[],
): Delivery | undefined {
  const { pk, sk } = transitionKey(finding);
  const row = database.sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?")
    .get(pk, sk);
  if (!row) return undefined;
  const waiting = database.sqlite.prepare("SELECT 1 FROM waiting WHERE pk = ? AND sk = ? AND sink = ?");
  return {
    ...readItem(database, row, TransitionItem),
    awaiting: sinks.filter((sink) => waiting.get(pk, sk, sink) !== undefined),
  };
}

function loadLedger(database: Database, role: RoleKey): Ledger {
  const rows = database.sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk BETWEEN ? AND ? ORDER BY sk")
    .all(findingKeys.partition(role), findingKeys.first, findingKeys.last);
  let version = 0;
  const findings: Finding[] = [];
  for (const row of rows) {
    const { sk } = KeyRow.parse(row);
    if (sk === findingKeys.ledger()) version = readItem(database, row, LedgerItem).version;
    else findings.push(readItem(database, row, FindingItem).finding);
  }
  return { role, version, findings };
}

function commitLedger(
  database: Database,
  sqlite: DatabaseSync,
  { before, after, transitions }: Commit,
  sinks: readonly Sink[],
): Ledger {
  const { role } = before;
  const stored = loadVersion(database, role);
  if (stored !== before.version) {
    throw new LedgerConflictError(
      `The ledger of ${role.name} in ${database.path} was at version ${before.version} when it was loaded and is at ${stored} now. Load it again and repeat the decision.`,
    );
  }
  const pk = findingKeys.partition(role);
  const version = stored + 1;
  sqlite
    .prepare("DELETE FROM findings WHERE pk = ? AND sk BETWEEN ? AND ?")
    .run(pk, findingKeys.first, findingKeys.last);
  const insert = sqlite.prepare("INSERT INTO findings (pk, sk, item) VALUES (?, ?, ?)");
  insert.run(pk, findingKeys.ledger(), serializeItem(LedgerItem, { role, version }));
  for (const finding of after.findings) {
    insert.run(pk, findingKeys.finding(finding.id), serializeItem(FindingItem, { finding }));
  }
  const kept = new Set(after.findings.map(({ id }) => id));
  for (const { id } of before.findings) if (!kept.has(id)) deleteHistory(sqlite, pk, id);
  const wait = sqlite.prepare("INSERT INTO waiting (at, pk, sk, sink) VALUES (?, ?, ?, ?)");
  for (const transition of transitions) {
    const key = transitionKey(transition.finding);
    insert.run(key.pk, key.sk, serializeItem(TransitionItem, { transition }));
    for (const sink of sinks) wait.run(transition.at, key.pk, key.sk, sink);
  }
  return { role, version, findings: after.findings };
}

// A later finding with the same id reuses the sequence numbers, so the transitions of a deleted finding are deleted too.
function deleteHistory(sqlite: DatabaseSync, pk: string, findingId: string): void {
  const prefix = findingKeys.transitions(findingId);
  for (const table of ["findings", "waiting"]) {
    sqlite
      .prepare(`DELETE FROM ${table} WHERE pk = ? AND substr(sk, 1, ?) = ?`)
      .run(pk, prefix.length, prefix);
  }
}

function loadVersion(database: Database, role: RoleKey): number {
  const row = database.sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk = ?")
    .get(findingKeys.partition(role), findingKeys.ledger());
  return row ? readItem(database, row, LedgerItem).version : 0;
}

function loadHistory(database: Database, role: RoleKey, findingId: string): readonly Transition[] {
  const prefix = findingKeys.transitions(findingId);
  return database.sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND substr(sk, 1, ?) = ? ORDER BY sk")
    .all(findingKeys.partition(role), prefix.length, prefix)
    .map((row) => readItem(database, row, TransitionItem).transition);
}

function transitionKey({ role, id, seq }: Pick<Finding, "role" | "id" | "seq">): {
  readonly pk: string;
  readonly sk: string;
} {
  return { pk: findingKeys.partition(role), sk: findingKeys.transition(id, seq) };
}
