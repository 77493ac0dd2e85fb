/**
 * Effort is counted in steps, not in time, so that equal input always gets an equal answer.
 *
 * The length of the patterns that are compared must count too, but matching a pattern is too deep to be handed a budget.
 * So `noteWork` counts characters in a variable of the module, and the next charge of a budget pays for them. That is
 * deterministic: a comparison runs without interruption, and `createBudget` resets the count when one starts.
 */
let uncharged = 0;
// Measured: to match 32 characters takes about as long as other steps, one or two microseconds.
const charactersPerStep = 32;

/** A comparison has used up its steps. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

/** The steps that a comparison may still take. */
export interface StepBudget {
  left: number;
}

/** Creates the budget of one comparison; forgets the work that was noted before. */
export function createBudget(left: number): StepBudget {
  uncharged = 0;
  return { left };
}

/** Notes that some characters were compared; the next charge pays for them. */
export function noteWork(characters: number): void {
  uncharged += characters;
}

/** Takes steps and the noted work off a budget; returns whether it had as many. */
export function tryCharge(budget: StepBudget, steps = 1): boolean {
  budget.left -= steps + Math.floor(uncharged / charactersPerStep);
  uncharged %= charactersPerStep;
  return budget.left >= 0;
}

/** Takes steps and the noted work off a budget. Throws `BudgetError` if it had fewer. */
export function charge(budget: StepBudget, steps = 1): void {
  if (!tryCharge(budget, steps)) throw new BudgetError("The comparison used up its steps.");
}
