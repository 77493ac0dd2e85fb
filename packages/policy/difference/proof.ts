import { type Decision, decide } from "../evaluate/decide.ts";
import type { PolicyDocument } from "../model/document.ts";
import type { PolicyRequest } from "../model/grant.ts";
import type { StepBudget } from "../support/step-budget.ts";
import type { Direction } from "./direction.ts";

/** How an example of one direction is confirmed: the left documents decide it as `decision`, the right ones do not. */
export interface Proof {
  readonly decision: Decision;
  readonly left: readonly PolicyDocument[];
  readonly right: readonly PolicyDocument[];
  readonly partition: string;
  readonly budget: StepBudget;
  /** Length of all statements that an example is decided by; measures the work of one confirmation. */
  readonly characters: number;
}

/** Prepares the confirmation of the examples of one direction. */
export function createProof(decision: Decision, { left, right, settings }: Direction): Proof {
  return {
    decision,
    left: left.documents,
    right: right.documents,
    partition: settings.partition,
    budget: settings.proofs,
    characters: [...left.statements, ...right.statements].reduce((sum, { line }) => sum + line.length, 0),
  };
}

/** Whether the left documents decide a request as the proof requires and the right documents do not. */
export function isProven(request: PolicyRequest, { decision, left, right, partition }: Proof): boolean {
  return (
    decide(request, left, { partition }) === decision && decide(request, right, { partition }) !== decision
  );
}
