import type { RollbackBudget } from "../model/control.ts";
import type { Instant } from "../model/instant.ts";

/** A span of time that a rollback budget applies to. */
export interface BudgetWindow {
  /** Names the window in its item's key: start and length. */
  readonly id: string;
  readonly endsAt: Date;
}

/** Returns the window that contains `now`. Windows of one length follow each other from 1970 on. */
export function budgetWindow({ windowHours }: RollbackBudget, now: Instant): BudgetWindow {
  const length = windowHours * 3_600_000;
  const start = Math.floor(Date.parse(now) / length) * length;
  return { id: `${new Date(start).toISOString()}/${windowHours}h`, endsAt: new Date(start + length) };
}
