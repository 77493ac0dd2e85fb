import { type Control, emptyControl } from "@drift-guard/core/model/control";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Plan } from "@drift-guard/core/model/plan";
import type { Role } from "@drift-guard/core/model/role";
import type { EndedRollback, RunningRollback } from "@drift-guard/core/model/rollback";
import type { ControlStore, ManagedPolicyReader, RoleReader, RoleWriter } from "@drift-guard/core/ports";
import { recordRole } from "@drift-guard/core/rollback/before-state";
import { createDigester } from "@drift-guard/core/rollback/part-values";
import type { Clock } from "../ports.ts";
import { carryOut, holdSeconds } from "./execution.ts";

/** Ports of a rollback by hand: the writer has the person's credentials. */
export interface HandPorts extends Clock {
  readonly roles: Pick<RoleReader, "read">;
  readonly policies: ManagedPolicyReader;
  readonly writer: RoleWriter;
  /** Waits some seconds. */
  wait(seconds: number): Promise<void>;
  newId(): string;
}

// A lost answer is looked into when IAM's reads show the call's effect, as the function does.
const settleSeconds = 30;

/**
 * Carries out a plan with a person's credentials, by the same steps and checks as the deployed guard: the role is read
 * before each step that restores something, and a change by somebody else ends it. Only this process knows of the rollback:
 * the control table takes no writes from a person, and the guard sees the calls as changes by that person. Throws
 * `RoleUnreadableError`, after which steps may have been carried out.
 */
export async function applyByHand(plan: Plan, role: Role, ports: HandPorts): Promise<EndedRollback> {
  const id = ports.newId();
  const at = ports.now();
  const rollback: RunningRollback = {
    id,
    plan,
    before: recordRole(role, createDigester()),
    startedAt: instantOf(at),
    steps: [],
    status: "running",
    runner: { id, until: instantOf(new Date(at.getTime() + holdSeconds * 1000)) },
  };
  let stored: Control = { ...emptyControl(role), rollbacks: [rollback] };
  const control: Pick<ControlStore, "load" | "commit"> = {
    load: async () => stored,
    commit: async ({ after }) => {
      stored = { ...after, version: after.version + 1 };
      return stored;
    },
  };
  const execution = {
    ...ports,
    control: {
      ...control,
      // No phase holds a person's own command.
      saveObserving: async () => false,
      spendRestoring: async () => "granted" as const,
      hasRestoringLeft: async () => true,
    },
    requests: { send: async () => {} },
  };
  let running = rollback;
  for (;;) {
    const result = await carryOut({ control: stored, rollback: running }, role, execution);
    switch (result.kind) {
      case "ended":
        return result.rollback;
      case "taken-over":
        throw new Error(`The record of rollback ${id} was changed by another part of this process.`);
      case "continues":
        running = result.rollback;
        await ports.wait(settleSeconds);
    }
  }
}
