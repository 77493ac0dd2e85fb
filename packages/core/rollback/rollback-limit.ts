import type { RollbackBudget } from "../model/control.ts";
import type { Instant } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";

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

/**
 * Returns which budget is exhausted once a role and its account have had so many rollbacks in one window, or undefined.
 * The DynamoDB store states the same rule as the condition of its write, because it must count and compare in one call.
 */
export function findExhaustedBudget(
  spent: { readonly role: number; readonly account: number },
  budget: RollbackBudget,
): "role budget exhausted" | "account budget exhausted" | undefined {
  if (spent.role >= budget.perRole) return "role budget exhausted";
  return spent.account >= budget.perAccount ? "account budget exhausted" : undefined;
}

// How often one drift may return after a rollback within the budget's window before rollbacks of the role stop.
const maxReturnsPerWindow = 2;

/**
 * Returns how often the first of some findings was rolled back in the hours before `now` and drifted again, if that is
 * too often; otherwise undefined. Rollbacks of the role then stop: something else sets the drift.
 */
export function countExcessiveReturns(
  { rollbacks }: Pick<Ledger, "rollbacks">,
  findings: readonly string[],
  now: Instant,
  windowHours: number,
): number | undefined {
  const since = Date.parse(now) - windowHours * 3_600_000;
  return findings
    .map(
      (finding) =>
        rollbacks.filter(
          ({ status, startedAt, plan }) =>
            status === "done" && Date.parse(startedAt) >= since && plan.findings.includes(finding),
        ).length,
    )
    .find((returns) => returns >= maxReturnsPerWindow);
}
