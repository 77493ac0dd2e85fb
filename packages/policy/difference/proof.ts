import { type Decision, decide } from "../evaluate/decide.ts";
import type { PolicyDocument } from "../model/document.ts";
import type { PolicyRequest } from "../model/grant.ts";
import type { StepBudget } from "../support/budget.ts";

/** What a request must show before it is told. */
export interface Proof {
  readonly sought: Decision;
  readonly giver: readonly PolicyDocument[];
  readonly taker: readonly PolicyDocument[];
  readonly partition: string;
  readonly budget: StepBudget;
  /** How many characters a request is held against. */
  readonly characters: number;
}

/** Whether the one side decides a request as sought, and the other does not. */
export function isProven(request: PolicyRequest, { sought, giver, taker, partition }: Proof): boolean {
  return decide(request, giver, { partition }) === sought && decide(request, taker, { partition }) !== sought;
}
