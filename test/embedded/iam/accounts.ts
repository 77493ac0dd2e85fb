import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamAnswer, IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import type { EventEnvelope } from "@drift-guard/embedded/iam/cloudtrail";
import { listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { noon, trustOf } from "../../builders.ts";

/** A user who may make every call. */
export const ada: ApiCaller = { kind: "user", name: "ada" };

/** A simulated account, its clock and its events. */
export interface World {
  readonly account: SimulatedAccount;
  readonly clock: VirtualClock;
  /** All events so far. */
  readonly events: readonly EventEnvelope[];
  /** Makes a call, as ada by default. Returns the answer and its event. */
  call(call: IamCall, by?: ApiCaller): { readonly answer: IamAnswer; readonly event: EventEnvelope };
}

/** Creates an account at noon with the AWS-managed policies of the built-in references. */
export function aWorld(): World {
  const clock = createVirtualClock(noon);
  const account = createSimulatedAccount({ clock, awsPolicies: listAwsPolicies(builtInReferences()) });
  const events: EventEnvelope[] = [];
  account.onEvent((event) => events.push(event));
  return {
    account,
    clock,
    events,
    call(call, by = ada) {
      const answer = account.call(call, by);
      const event = events.at(-1);
      if (!event) throw new Error(`${call.call} emitted no event`);
      return { answer, event };
    },
  };
}

/** Returns the call that creates a role which Batch may assume. */
export function createRole(roleName: string): IamCall {
  return { call: "CreateRole", roleName, assumeRolePolicyDocument: trustOf("batch.amazonaws.com") };
}
