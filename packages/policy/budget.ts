/** A comparison has taken all the steps that it may. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

/** How many steps may still be taken: counted, not timed, so that the same input always gets the same answer. */
export interface Budget {
  left: number;
}

/**
 * Takes steps off a budget.
 * @throws BudgetError when there are none left.
 */
export function spend(budget: Budget, steps = 1): void {
  budget.left -= steps;
  if (budget.left < 0) throw new BudgetError("the comparison took all the steps that it may");
}
