import type { Approval } from "@drift-guard/core/model/approval";
import type { Control, RollbackBudget } from "@drift-guard/core/model/control";
import type { Exception } from "@drift-guard/core/model/exception";
import type { Instant } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore, Spending } from "@drift-guard/core/ports";
import { budgetWindow, findExhaustedBudget } from "@drift-guard/core/rollback/rollback-limit";
import { ApprovalItem, BudgetItem, ExceptionItem, StopItem } from "@drift-guard/core/store/items";
import { controlKeys } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { type Database, query, readItem, serializeItem, transact } from "./database.ts";

const KeyRow = z.object({ sk: z.string() });

/**
 * Creates the control store over a SQLite database. Every call throws `StoreUnavailableError` if the database fails or if
 * an item is unreadable, so that no role is written on incomplete control data.
 */
export function createControlStore(database: Database): ControlStore {
  return {
    load: async (role) => query(database, () => loadControl(database, role)),
    spend: async (role, budget, now) => transact(database, () => spend(database, role, budget, now)),
    openBreaker: async (role, reason) =>
      query(database, () =>
        writeItem(database, controlKeys.partition(role), controlKeys.breaker, { reason }),
      ),
  };
}

function loadControl(database: Database, role: RoleKey): Control {
  const exceptions: Exception[] = [];
  const approvals: Approval[] = [];
  let breaker: string | undefined;
  const rows = database.sqlite
    .prepare("SELECT pk, sk, item FROM control WHERE pk = ? ORDER BY sk")
    .all(controlKeys.partition(role));
  for (const row of rows) {
    const { sk } = KeyRow.parse(row);
    if (sk === controlKeys.breaker) breaker = readItem(database, row, StopItem).reason;
    else if (sk.startsWith(controlKeys.exception(""))) {
      exceptions.push(readItem(database, row, ExceptionItem).exception);
    } else if (sk.startsWith(controlKeys.approval(""))) {
      approvals.push(readItem(database, row, ApprovalItem).approval);
    }
  }
  const pause = findItem(database, controlKeys.account(role.account), controlKeys.paused, StopItem);
  return {
    exceptions,
    approvals,
    ...(pause && { paused: pause.reason }),
    ...(breaker !== undefined && { breaker }),
  };
}

function spend(database: Database, role: RoleKey, budget: RollbackBudget, now: Instant): Spending {
  const sk = controlKeys.budget(budgetWindow(budget, now).id);
  const rolePk = controlKeys.partition(role);
  const accountPk = controlKeys.account(role.account);
  const roleSpent = findItem(database, rolePk, sk, BudgetItem)?.spent ?? 0;
  const accountSpent = findItem(database, accountPk, sk, BudgetItem)?.spent ?? 0;
  const exhausted = findExhaustedBudget({ role: roleSpent, account: accountSpent }, budget);
  if (exhausted !== undefined) return exhausted;
  writeItem(database, rolePk, sk, { spent: roleSpent + 1 });
  writeItem(database, accountPk, sk, { spent: accountSpent + 1 });
  return "spent";
}

function findItem<T>(database: Database, pk: string, sk: string, item: z.ZodType<T>): T | undefined {
  const row = database.sqlite.prepare("SELECT pk, sk, item FROM control WHERE pk = ? AND sk = ?").get(pk, sk);
  return row && readItem(database, row, item);
}

function writeItem(
  database: Database,
  pk: string,
  sk: string,
  item: Readonly<Record<string, unknown>>,
): void {
  database.sqlite
    .prepare("INSERT OR REPLACE INTO control (pk, sk, item) VALUES (?, ?, ?)")
    .run(pk, sk, serializeItem(item));
}
