import * as z from "zod";
import { PrincipalPattern } from "./principal-pattern.ts";
import { RollbackWindow } from "./rollback-window.ts";

/**
 * Whether drift on one side is rolled back: `off`, never; `simulate`, only recorded as what `automatic` would do;
 * `approve`, after a person's approval; `automatic`, at once.
 */
export const RollbackMode = z.enum(["off", "simulate", "approve", "automatic"]);
export type RollbackMode = z.infer<typeof RollbackMode>;

/**
 * What is done before anything is restored while a stranger may have a running session of the role, because its trust
 * policy let them in before: `approve` asks a person; `wait` restores when every such session has ended; `revoke` first
 * denies everything to all sessions that were issued before, those of AWS Batch included.
 */
export const SessionChoice = z.enum(["approve", "wait", "revoke"]);
export type SessionChoice = z.infer<typeof SessionChoice>;

/** The owner's choices for the rollback of one role. Nothing is rolled back unless a side is switched on. */
export const RollbackChoice = z.strictObject({
  /** Permissions beyond the reference: removing them can break jobs. */
  excess: RollbackMode.default("off"),
  /** Missing permissions: restoring them is a grant. */
  missing: RollbackMode.default("off"),
  /** Differences that are no grants: boundary, description, maximum session and tags. */
  altered: RollbackMode.default("off"),
  sessions: SessionChoice.default("approve"),
  /**
   * When automatic rollbacks may run. Outside, they wait for the next window, except the removal of excess of severity
   * CRITICAL. Empty: at any time.
   */
  windows: z.array(RollbackWindow).max(50).default([]),
  /**
   * Whether the default version of a customer-managed policy may be set back, which changes every role, user and group that
   * has the policy.
   */
  sharedPolicies: z.boolean().default(false),
  /** ARNs of the roles and users, with `*` for any text, that may approve. Empty: all who may call the guard. */
  approvers: z.array(PrincipalPattern).max(100).default([]),
});
export type RollbackChoice = z.infer<typeof RollbackChoice>;

/** The sides of a rollback that have a mode. */
export type RollbackSide = "excess" | "missing" | "altered";

/** Whether no side is switched on, not even for simulation. */
export function isOff({ excess, missing, altered }: RollbackChoice): boolean {
  return [excess, missing, altered].every((mode) => mode === "off");
}

/** Whether a role is never written: each side is off or only simulated. */
export function writesNothing(choice: RollbackChoice): boolean {
  return ([choice.excess, choice.missing, choice.altered] as const).every(
    (mode) => mode === "off" || mode === "simulate",
  );
}
