import type { Control, RollbackBudget } from "@drift-guard/core/model/control";
import type { Instant } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore, Spending } from "@drift-guard/core/ports";
import { budgetWindow, findExhaustedBudget } from "@drift-guard/core/rollback/rollback-limit";
import { assembleControl } from "@drift-guard/core/store/control-items";
import { BudgetItem, StopItem } from "@drift-guard/core/store/items";
import { controlKeys } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { type Database, query, readItem, serializeItem, transact } from "./database.ts";

const KeyRow = z.object({ sk: z.string() });

// No sweep writes these items again.
const advice = "Remove or correct it.";

/**
 * Creates the control store over a SQLite database. Every call throws `StoreUnavailableError` if the database fails, and
 * `spend` if a budget is unreadable. `load` leaves out an unreadable item and names it in `unreadable`, so that no role is
 * written on incomplete control data.
 */
export function createControlStore(database: Database): ControlStore {
  return {
    load: async (role) => query(database, () => loadControl(database, role)),
    spend: async (role, budget, now) => transact(database, () => spend(database, role, budget, now)),
    openBreaker: async (role, reason) =>
      query(database, () =>
        writeItem(database, controlKeys.partition(role), controlKeys.breaker, StopItem, { reason }),
      ),
  };
}

function loadControl(database: Database, role: RoleKey): Control {
  const rows = database.sqlite
    .prepare("SELECT pk, sk, item FROM control WHERE pk = ? ORDER BY sk")
    .all(controlKeys.partition(role));
  return assembleControl(
    rows.map((row) => ({ key: KeyRow.parse(row).sk, item: row })),
    findRow(database, controlKeys.account(role.account), controlKeys.paused),
    (row, shape) => readItem(database, row, shape, advice),
  );
}

function spend(database: Database, role: RoleKey, budget: RollbackBudget, now: Instant): Spending {
  const sk = controlKeys.budget(budgetWindow(budget, now).id);
  const rolePk = controlKeys.partition(role);
  const accountPk = controlKeys.account(role.account);
  const roleSpent = countSpent(database, rolePk, sk);
  const accountSpent = countSpent(database, accountPk, sk);
  const exhausted = findExhaustedBudget({ role: roleSpent, account: accountSpent }, budget);
  if (exhausted !== undefined) return exhausted;
  writeItem(database, rolePk, sk, BudgetItem, { spent: roleSpent + 1 });
  writeItem(database, accountPk, sk, BudgetItem, { spent: accountSpent + 1 });
  return "spent";
}

function countSpent(database: Database, pk: string, sk: string): number {
  const row = findRow(database, pk, sk);
  return row !== undefined ? readItem(database, row, BudgetItem, advice).spent : 0;
}

function findRow(database: Database, pk: string, sk: string): unknown {
  return database.sqlite.prepare("SELECT pk, sk, item FROM control WHERE pk = ? AND sk = ?").get(pk, sk);
}

function writeItem<Shape extends z.ZodType<object, object>>(
  database: Database,
  pk: string,
  sk: string,
  shape: Shape,
  value: z.output<Shape>,
): void {
  database.sqlite
    .prepare("INSERT OR REPLACE INTO control (pk, sk, item) VALUES (?, ?, ?)")
    .run(pk, sk, serializeItem(shape, value));
}
