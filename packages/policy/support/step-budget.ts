/** A comparison has taken all the steps that it may. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

/** How many steps may still be taken: counted, not timed, so that the same input always gets the same answer. */
export interface StepBudget {
  left: number;
}

// What patterns cost shows only while they are held against each other, far from any budget: noted there, paid here.
let effort = 0;
const charactersPerStep = 128;

/** A budget for one comparison. */
export function createBudget(left: number): StepBudget {
  effort = 0;
  return { left };
}

/** Notes how many characters were gone through; whoever pays next pays for them. */
export function noteWork(characters: number): void {
  effort += characters;
}

/** Takes steps off a budget, and tells whether it had them. */
export function tryCharge(budget: StepBudget, steps = 1): boolean {
  budget.left -= steps + Math.floor(effort / charactersPerStep);
  effort %= charactersPerStep;
  return budget.left >= 0;
}

/**
 * Takes steps off a budget.
 * @throws BudgetError when there are none left.
 */
export function charge(budget: StepBudget, steps = 1): void {
  if (!tryCharge(budget, steps)) throw new BudgetError("The comparison took all the steps that it may.");
}
