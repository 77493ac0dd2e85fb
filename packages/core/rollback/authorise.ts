import type { GuardedRole } from "../config/config.ts";
import type { Control } from "../model/control.ts";
import type { Plan } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";
import { isServiceLinked } from "./candidate.ts";

/** A plan, and what decides whether it may be carried out. */
export interface AuthorisationRequest {
  readonly plan: Plan;
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  readonly control: Pick<Control, "unreadable">;
}

/** Permission to carry out a plan, or the reason for refusing it. */
export type Authority = { readonly go: true } | { readonly go: false; readonly reason: string };

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
  if (control.unreadable !== undefined && control.unreadable.length > 0) {
    // Such an item may be a pause, a rollback or an exception: each would stop the rollback.
    const messages = control.unreadable.join(" ").replaceAll(/\s+/g, " ");
    return refuse(
      `Rollbacks of ${role.name} are refused while a stored decision about them cannot be read: ${messages}`,
    );
  }
  return { go: true };
}

function refuse(reason: string): Authority {
  return { go: false, reason };
}
