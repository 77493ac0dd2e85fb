import { ControlConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import type { Control } from "@drift-guard/core/model/control";
import { ObservingPhase } from "@drift-guard/core/model/observing";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlCommit, ControlStore } from "@drift-guard/core/ports";
import {
  assembleControl,
  hourOf,
  listControlWrites,
  listNewCalls,
  mayRestore,
  writeDecision,
} from "@drift-guard/core/store/control-items";
import { ControlItem, encodeItem, OwnCallItem, RestoringItem } from "@drift-guard/core/store/items";
import { controlKeys } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { type Database, query, readItem, transact } from "./database.ts";

const KeyRow = z.object({ sk: z.string() });

// No sweep writes these items again.
const options = { advice: "Remove or correct it." };

/**
 * Creates the control store over a SQLite database. Every call throws `StoreUnavailableError` if the database fails, and
 * `spendRestoring` if its item is unreadable. `load` leaves out an unreadable item and names it in `unreadable`, so that no
 * role is written on incomplete control data.
 */
export function createControlStore(database: Database): ControlStore {
  return {
    load: async (role) => query(database, () => loadControl(database, role)),
    commit: async (commit) => transact(database, () => commitControl(database, commit)),
    saveObserving: async (account, phase) =>
      transact(database, () => {
        const [pk, sk] = [controlKeys.account(account), controlKeys.observing];
        const row = findRow(database, pk, sk);
        const stored = row === undefined ? 0 : readItem(database, row, ObservingPhase, options).version;
        if (stored !== phase.version) return false;
        putItem(database, pk, sk, encodeItem(ObservingPhase, { ...phase, version: stored + 1 }));
        return true;
      }),
    decide: async (role, decision) =>
      query(database, () => {
        const { pk, sk, item } = writeDecision(role, decision);
        putItem(database, pk, sk, item);
      }),
    spendRestoring: async (account, rollbackId, now, limit) =>
      transact(database, () => {
        const [pk, sk] = [controlKeys.account(account), controlKeys.restoring(hourOf(now))];
        const row = findRow(database, pk, sk);
        const rollbacks = row === undefined ? [] : readItem(database, row, RestoringItem, options).rollbacks;
        if (!mayRestore(rollbacks, rollbackId, limit)) return "exhausted";
        const counted = [...new Set([...rollbacks, rollbackId])];
        putItem(database, pk, sk, encodeItem(RestoringItem, { rollbacks: counted }));
        return "granted";
      }),
    hasRestoringLeft: async (account, now, limit) =>
      query(database, () => {
        const row = findRow(database, controlKeys.account(account), controlKeys.restoring(hourOf(now)));
        return row === undefined
          ? limit > 0
          : readItem(database, row, RestoringItem, options).rollbacks.length < limit;
      }),
    ownCall: async (account, requestId) =>
      query(
        database,
        () => findRow(database, controlKeys.account(account), controlKeys.ownCall(requestId)) !== undefined,
      ),
  };
}

function loadControl(database: Database, role: RoleKey): Control {
  const rows = database.sqlite
    .prepare("SELECT pk, sk, item FROM control WHERE pk = ? ORDER BY sk")
    .all(controlKeys.partition(role));
  const ofAccount = [controlKeys.pause, controlKeys.observing]
    .map((sk) => findRow(database, controlKeys.account(role.account), sk))
    .filter((row) => row !== undefined);
  const items = [...rows, ...ofAccount].map((row) => ({
    key: KeyRow.parse(row).sk,
    read: <T>(shape: z.ZodType<T>) => readItem(database, row, shape, options),
  }));
  return assembleControl(role, items, (error) => error instanceof StoreUnavailableError);
}

function commitControl(database: Database, { before, after }: ControlCommit): Control {
  const { role } = before;
  const pk = controlKeys.partition(role);
  const row = findRow(database, pk, controlKeys.control);
  const stored = row === undefined ? 0 : readItem(database, row, ControlItem, options).version;
  if (stored !== before.version) {
    throw new ControlConflictError(
      `The control record of ${role.name} in ${database.path} was at version ${before.version} when it was loaded and is at ${stored} now. Load it again and repeat the decision.`,
    );
  }
  for (const write of listControlWrites(before, after)) {
    if (write.kind === "put") putItem(database, pk, write.key, write.item);
    else database.sqlite.prepare("DELETE FROM control WHERE pk = ? AND sk = ?").run(pk, write.key);
  }
  for (const { requestId, rollbackId, at } of listNewCalls(before, after)) {
    const item = encodeItem(OwnCallItem, { rollbackId, at });
    putItem(database, controlKeys.account(role.account), controlKeys.ownCall(requestId), item);
  }
  return { ...after, version: before.version + 1 };
}

function findRow(database: Database, pk: string, sk: string): unknown {
  return database.sqlite.prepare("SELECT pk, sk, item FROM control WHERE pk = ? AND sk = ?").get(pk, sk);
}

function putItem(database: Database, pk: string, sk: string, item: Readonly<Record<string, unknown>>): void {
  database.sqlite
    .prepare("INSERT OR REPLACE INTO control (pk, sk, item) VALUES (?, ?, ?)")
    .run(pk, sk, JSON.stringify(item));
}
