import type { DatabaseSync } from "node:sqlite";
import { formatCause, LedgerConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Instant } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Commit, Delivery, FindingStore, Sink, UnreadableItem } from "@drift-guard/core/ports";
import { TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys, ledgerSchema, oldLedgerSchema } from "@drift-guard/core/store/keys";
import {
  encodeFinding,
  encodeLedger,
  encodeTransition,
  indexEntryOf,
} from "@drift-guard/core/store/ledger-items";
import {
  assembleLedger,
  maxRestored,
  needsHistory,
  restoreFindings,
  type StoredItem,
} from "@drift-guard/core/store/stored-ledger";
import { findUsedNumbers } from "@drift-guard/core/store/transition-numbers";
import * as z from "zod";
import { type Database, query, readItem, transact } from "./database.ts";
import { listFindings, listTransitions, loadHistory } from "./findings-listing.ts";
import { parseRow } from "./rows.ts";

const readable = { numbered: z.looseObject({ schema: z.literal([oldLedgerSchema, ledgerSchema]) }) };

/**
 * Creates the finding store over a SQLite database. A new transition is undelivered until each of `sinks` marks it. A
 * commit is one transaction. Every call throws `StoreUnavailableError` if the database fails or if an item is unreadable.
 */
export function createFindingStore(
  database: Database,
  { sinks = [] }: { readonly sinks?: readonly Sink[] } = {},
): FindingStore {
  return {
    load: async (role) => query(database, (sqlite) => loadLedger(sqlite, role)),
    commit: async (commit) => transact(database, (sqlite) => commitLedger(database, sqlite, commit, sinks)),
    async *listFindings(filter = {}) {
      const { role } = filter;
      yield* query(database, (sqlite) =>
        listFindings(sqlite, filter, role && loadLedger(sqlite, role).findings),
      );
    },
    async *listTransitions(day) {
      yield* query(database, (sqlite) => listTransitions(sqlite, day));
    },
    // Opening a file upgrades all of its items.
    upgradeTransitions: async () => ({ upgraded: 0, unreadable: [] }),
    history: async (role, findingId) => query(database, (sqlite) => loadHistory(sqlite, role, findingId)),
    findDelivery: async ({ finding }) => query(database, () => findDelivery(database, finding, sinks)),
    markDelivered: async ({ finding }, sink, told) =>
      transact(database, (sqlite) => {
        const { pk, sk } = transitionKey(finding);
        sqlite.prepare("DELETE FROM waiting WHERE pk = ? AND sk = ? AND sink = ?").run(pk, sk, sink);
        if (told === undefined) return;
        sqlite
          .prepare("UPDATE findings SET item = json_set(item, '$.told', ?) WHERE pk = ? AND sk = ?")
          .run(told, pk, sk);
      }),
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
    async *undelivered(at, onUnreadable) {
      const rows = query(database, (sqlite) => selectWaiting(sqlite, at, sinks));
      for (const row of rows) {
        const transition = readWaiting(database, row, onUnreadable);
        if (transition) yield transition;
      }
    },
  };
}

function selectWaiting(sqlite: DatabaseSync, at: Instant, sinks: readonly Sink[]): unknown[] {
  return sqlite
    .prepare(
      `SELECT DISTINCT findings.pk, findings.sk, item FROM waiting JOIN findings USING (pk, sk)
       WHERE at < ? AND sink IN (SELECT value FROM json_each(?)) ORDER BY at, pk, sk`,
    )
    .all(at, JSON.stringify(sinks));
}

/** Returns a transition that waits; one that cannot be read waits no longer. */
function readWaiting(
  database: Database,
  row: unknown,
  onUnreadable: (item: UnreadableItem) => void,
): Transition | undefined {
  try {
    return readItem(database, row, TransitionItem, readable).transition;
  } catch (error) {
    const { pk, key } = parseRow(row);
    onUnreadable({ key: `${pk} ${key}`, why: formatCause(error) });
    query(database, (sqlite) => sqlite.prepare("DELETE FROM waiting WHERE pk = ? AND sk = ?").run(pk, key));
    return undefined;
  }
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
  const stored = tryReadTransition(database, row);
  return stored && { ...stored, awaiting: sinks.filter((sink) => waiting.get(pk, sk, sink) !== undefined) };
}

function tryReadTransition(database: Database, row: unknown) {
  try {
    return readItem(database, row, TransitionItem, readable);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined;
    throw error;
  }
}

function loadLedger(sqlite: DatabaseSync, role: RoleKey): Ledger {
  const pk = findingKeys.partition(role);
  const items = sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk BETWEEN ? AND ? ORDER BY sk")
    .all(pk, findingKeys.first, findingKeys.last)
    .map(parseRow);
  const stored = assembleLedger(role, items, needsHistory(role, items) ? listReported(sqlite, pk) : []);
  const last = new Map<string, StoredItem>();
  for (const id of [...stored.lost.keys()].slice(0, maxRestored)) {
    const prefix = findingKeys.transitions(id);
    const row = sqlite
      .prepare(
        "SELECT pk, sk, item FROM findings WHERE pk = ? AND substr(sk, 1, ?) = ? ORDER BY sk DESC LIMIT 1",
      )
      .get(pk, prefix.length, prefix);
    if (row) last.set(id, parseRow(row));
  }
  return restoreFindings(stored, last);
}

function listReported(sqlite: DatabaseSync, pk: string): ReadonlySet<string> {
  const prefix = findingKeys.anyTransition;
  const rows = sqlite
    .prepare("SELECT pk, sk, '' AS item FROM findings WHERE pk = ? AND substr(sk, 1, ?) = ?")
    .all(pk, prefix.length, prefix);
  return new Set(rows.map((row) => findingKeys.findingOf(parseRow(row).key)));
}

function commitLedger(
  database: Database,
  sqlite: DatabaseSync,
  { before, after, transitions }: Commit,
  sinks: readonly Sink[],
): Ledger {
  const { role } = before;
  const ledger = `The ledger of ${role.name} in ${database.path}`;
  const stored = loadVersion(sqlite, role);
  if (stored !== before.version) {
    throw new LedgerConflictError(
      `${ledger} was at version ${before.version} when it was loaded and is at ${stored} now. Load it again and repeat the decision.`,
    );
  }
  const pk = findingKeys.partition(role);
  const version = stored + 1;
  sqlite
    .prepare("DELETE FROM findings WHERE pk = ? AND sk BETWEEN ? AND ?")
    .run(pk, findingKeys.first, findingKeys.last);
  const kept = new Set(after.findings.map(({ id }) => id));
  for (const { id } of before.findings) if (!kept.has(id)) deleteHistory(sqlite, pk, id);
  const usedNumbers = findTakenNumbers(sqlite, transitions);
  if (usedNumbers.size > 0) {
    throw new LedgerConflictError(
      `${ledger} has lost the numbers of its transitions. Load it again, and number them after those that are stored.`,
      { usedNumbers },
    );
  }
  const insert = sqlite.prepare("INSERT INTO findings (pk, sk, item) VALUES (?, ?, ?)");
  const put = (sk: string, item: object) => insert.run(pk, sk, JSON.stringify(item));
  put(findingKeys.ledger(), encodeLedger(role, version, after.findings.map(indexEntryOf)));
  for (const finding of after.findings) put(findingKeys.finding(finding.id), encodeFinding(finding, version));
  const wait = sqlite.prepare("INSERT INTO waiting (at, pk, sk, sink) VALUES (?, ?, ?, ?)");
  for (const transition of transitions) {
    const key = transitionKey(transition.finding);
    insert.run(key.pk, key.sk, JSON.stringify(encodeTransition(transition)));
    for (const sink of sinks) wait.run(transition.at, key.pk, key.sk, sink);
  }
  return { role, version, findings: after.findings };
}

function findTakenNumbers(
  sqlite: DatabaseSync,
  transitions: readonly Transition[],
): ReadonlyMap<string, number> {
  const select = sqlite.prepare("SELECT 1 FROM findings WHERE pk = ? AND sk = ?");
  const used = new Map<string, number>();
  for (const { finding } of transitions) {
    const { pk, sk } = transitionKey(finding);
    if (select.get(pk, sk) === undefined) continue;
    const prefix = findingKeys.transitions(finding.id);
    const keys = sqlite
      .prepare("SELECT pk, sk, '' AS item FROM findings WHERE pk = ? AND substr(sk, 1, ?) = ?")
      .all(pk, prefix.length, prefix)
      .map((row) => parseRow(row).key);
    const count = transitions.filter((other) => other.finding.id === finding.id).length;
    used.set(finding.id, findUsedNumbers(finding.id, keys, count));
  }
  return used;
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

function loadVersion(sqlite: DatabaseSync, role: RoleKey): number {
  const rows = sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk BETWEEN ? AND ?")
    .all(findingKeys.partition(role), findingKeys.first, findingKeys.last);
  return assembleLedger(role, rows.map(parseRow)).ledger.version;
}

function transitionKey({ role, id, seq }: Pick<Finding, "role" | "id" | "seq">): {
  readonly pk: string;
  readonly sk: string;
} {
  return { pk: findingKeys.partition(role), sk: findingKeys.transition(id, seq) };
}
