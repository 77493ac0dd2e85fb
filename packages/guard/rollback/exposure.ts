import type { Control } from "@drift-guard/core/model/control";
import { type Instant, instantOf, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { Role } from "@drift-guard/core/model/role";
import { longestSession, longestSessionOf } from "@drift-guard/core/rollback/exposure";

/**
 * Returns the control record that knows that somebody could begin a session of the role until `at`: for the longest time that
 * such a session may last, restoring is a grant to them too. A role that is not enrolled is restored by approval alone.
 */
export function recordExposure(control: Control, role: Pick<Role, "maxSession">, at: Instant): Control {
  const { enrolment, rollbacks } = control;
  if (enrolment === undefined) return control;
  const { sessionChangedAt, exposure: known } = enrolment;
  const isRecent = (time: Instant) => millisecondsBetween(time, at) < longestSession * 1000;
  // The limit may have been longer, while somebody could begin a session, than it is now.
  const earlier = rollbacks.flatMap(({ before, startedAt }) => (isRecent(startedAt) ? [before] : []));
  const sessionSeconds =
    sessionChangedAt !== undefined && isRecent(sessionChangedAt)
      ? longestSession
      : Math.max(...[role, ...earlier].map(longestSessionOf));
  const exposure = { at, sessionSeconds };
  // A shorter session limit ends no session that began before.
  if (known && isBefore(endOf(exposure), endOf(known))) return control;
  return { ...control, enrolment: { ...enrolment, exposure } };
}

/**
 * Returns the control record that knows that the maximum session duration was changed by `at`: whoever could begin a session
 * before that may have one of 12 hours.
 */
export function recordSessionChange(control: Control, at: Instant): Control {
  const { enrolment } = control;
  if (enrolment === undefined) return control;
  const { exposure } = enrolment;
  const longer = exposure && { exposure: { ...exposure, sessionSeconds: longestSession } };
  return { ...control, enrolment: { ...enrolment, ...longer, sessionChangedAt: at } };
}

function endOf({ at, sessionSeconds }: { readonly at: Instant; readonly sessionSeconds: number }): Instant {
  return instantOf(new Date(Date.parse(at) + sessionSeconds * 1000));
}
