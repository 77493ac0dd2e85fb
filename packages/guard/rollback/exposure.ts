import type { Control } from "@drift-guard/core/model/control";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { addSeconds, type Instant, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import { type Role, seen } from "@drift-guard/core/model/role";
import { isTrustExposed, longestSession, longestSessionOf } from "@drift-guard/core/rollback/exposure";

/**
 * Returns the control record that knows that somebody could begin a session of the role until `at`: for the longest time that
 * such a session may last, restoring is a grant to them too. `ongoing`: they may go on to begin sessions; left out if that is
 * not known anew. A role that is not enrolled is restored by approval alone.
 */
export function recordExposure(
  control: Control,
  role: Pick<Role, "maxSession">,
  at: Instant,
  ongoing: boolean = control.enrolment?.exposure?.ongoing === true,
): Control {
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
  const fresh = { at, sessionSeconds };
  // A shorter session limit ends no session that began before.
  const isKnown = known !== undefined && isBefore(endOf(fresh), endOf(known));
  const began = known?.ongoing ? (known.began ?? known.at) : at;
  if (isKnown && ongoing === (known.ongoing === true) && began === known.began) return control;
  const last = isKnown ? { at: known.at, sessionSeconds: known.sessionSeconds } : fresh;
  const exposure = { ...last, began, ...(ongoing && { ongoing }) };
  return { ...control, enrolment: { ...enrolment, exposure } };
}

/**
 * Returns the control record after a read of the role: somebody can begin sessions of it, or could until this read.
 * `assessments` are all of the role: an exception gives a stranger nothing more.
 */
export function recordSessions(
  control: Control,
  role: Role,
  assessments: readonly Assessment[],
  now: Instant,
): Control {
  if (isTrustExposed(assessments)) return recordExposure(control, role, now, true);
  const exposure = control.enrolment?.exposure;
  if (exposure?.ongoing !== true) return control;
  const longest = Math.max(exposure.sessionSeconds, longestSessionOf(role));
  return recordExposure(control, { maxSession: seen(longest) }, now, false);
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
  return addSeconds(at, sessionSeconds);
}
