import type { GuardedRole } from "../config/config.ts";
import type { Control } from "../model/control.ts";
import type { Instant } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Plan } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";
import { isServiceLinked } from "./candidate.ts";
import { countExcessiveReturns } from "./rollback-limit.ts";

/** A plan, and what decides whether it may be carried out. */
export interface AuthorisationRequest {
  readonly plan: Plan;
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  readonly ledger: Ledger;
  readonly control: Control;
  readonly now: Instant;
  readonly windowHours: number;
}

/** Permission to carry out a plan, or the reason for refusing it. `breaks`: the plan would loop, so open the breaker. */
export type Authority =
  | { readonly go: true }
  | { readonly go: false; readonly reason: string; readonly breaks: boolean };

/** Decides whether a plan may be carried out. Refuses in case of doubt. */
export function authorise(request: AuthorisationRequest): Authority {
  const { role, guarded, control, reference } = request;
  if (isServiceLinked(role, reference)) {
    return refuse(`${role.name} is a service-linked role: only AWS may change it.`);
  }
  if (!guarded.paths.includes(role.path)) {
    return refuse(
      `${role.name} is at path ${role.path}, and the configuration allows rollback only at ${guarded.paths.join(", ")}.`,
    );
  }
  if (control.paused !== undefined) return refuse(`Rollbacks are paused: ${control.paused}`);
  if (control.breaker !== undefined)
    return refuse(`Rollbacks of ${role.name} have stopped: ${control.breaker}`);
  if (control.unreadable !== undefined && control.unreadable.length > 0) {
    // Such an item may be a pause, a breaker or an exception: each would stop the rollback.
    const messages = control.unreadable.join(" ").replaceAll(/\s+/g, " ");
    return refuse(
      `Rollbacks of ${role.name} are refused while a stored decision about them cannot be read: ${messages}`,
    );
  }
  const { ledger, plan, now, windowHours } = request;
  const returns = countExcessiveReturns(ledger, plan.findings, now, windowHours);
  if (returns === undefined) return { go: true };
  return refuse(
    `The same drift of ${role.name} came back after ${returns} rollbacks within ${windowHours} h. Something else sets it, so the guard stops.`,
    true,
  );
}

function refuse(reason: string, breaks = false): Authority {
  return { go: false, reason, breaks };
}
