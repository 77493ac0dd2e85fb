import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamAnswer, IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import type { EventEnvelope } from "@drift-guard/embedded/iam/cloudtrail";
import { listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { noon, trustOf } from "../../builders.ts";

/** Somebody who may do everything. */
export const ada: ApiCaller = { kind: "user", name: "ada" };

/** An account that listens to itself. */
export interface World {
  readonly account: SimulatedAccount;
  readonly clock: VirtualClock;
  /** Every event so far. */
  readonly events: readonly EventEnvelope[];
  /** Calls as ada and gives the answer with the event that told of it. */
  call(call: IamCall, by?: ApiCaller): { readonly answer: IamAnswer; readonly event: EventEnvelope };
}

/** An account at noon, with AWS's policies of the built-in references. */
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
      if (!event) throw new Error(`${call.call} told no event`);
      return { answer, event };
    },
  };
}

/** The call that makes a role that Batch trusts. */
export function createRole(roleName: string): IamCall {
  return { call: "CreateRole", roleName, assumeRolePolicyDocument: trustOf("batch.amazonaws.com") };
}
