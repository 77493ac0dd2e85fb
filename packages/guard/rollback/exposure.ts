import type { Control } from "@drift-guard/core/model/control";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import type { Role } from "@drift-guard/core/model/role";
import { longestSessionOf } from "@drift-guard/core/rollback/exposure";

/**
 * Returns the control record that knows that somebody could begin a session of the role until `at`: for the longest time that
 * such a session may last, restoring is a grant to them too. A role that is not enrolled is restored by approval alone.
 */
export function recordExposure(control: Control, role: Pick<Role, "maxSession">, at: Instant): Control {
  const { enrolment } = control;
  if (enrolment === undefined) return control;
  const exposure = { at, sessionSeconds: longestSessionOf(role) };
  const known = enrolment.exposure;
  // A shorter session limit ends no session that began before.
  if (known && isBefore(endOf(exposure), endOf(known))) return control;
  return { ...control, enrolment: { ...enrolment, exposure } };
}

function endOf({ at, sessionSeconds }: { readonly at: Instant; readonly sessionSeconds: number }): Instant {
  return instantOf(new Date(Date.parse(at) + sessionSeconds * 1000));
}
