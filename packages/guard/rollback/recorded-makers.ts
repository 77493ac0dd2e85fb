import type { Config } from "@drift-guard/core/config/config";
import { isTrusted } from "@drift-guard/core/config/trusted-actor";
import type { Actor } from "@drift-guard/core/model/actor";
import type { Control, RecordedCause } from "@drift-guard/core/model/control";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { isSamePrincipal } from "@drift-guard/core/rollback/pause";

/**
 * Returns the causes of one finding, the newest at the end, after a change that explains the drift as it was just read. Each
 * principal who added to the drift has their newest cause, and their first one if others added in between. A drift that is again as an earlier change left it has lost
 * what others added since then, and they made none of it (docs/decisions/0020). Returns the same list if the change adds
 * nothing: it is known, it is older than what is known, or the drift is as another left it.
 */
export function addMaker(
  known: readonly RecordedCause[],
  cause: RecordedCause,
  config: Pick<Config, "trustedActors">,
): readonly RecordedCause[] {
  const { changeId, at, digest, call, actor } = cause;
  if (known.some((each) => each.changeId === changeId || isBefore(at, each.at))) return known;
  const undone = known.filter(({ undoneBy }) => undoneBy !== undefined);
  // The maker of a new role is the author of all that it lacks or has.
  const standing = call === "iam:CreateRole" ? [] : known.filter(({ undoneBy }) => undoneBy === undefined);
  const last = standing.findLastIndex((each) => each.digest === digest);
  const makers = last === -1 ? standing : standing.slice(0, last + 1);
  // An actor who writes the same again adds nothing, but ends the cover of trusted actors.
  const endsCover = !isTrusted(actor, config) && makers.every((each) => isTrusted(each.actor, config));
  if (last !== -1 && makers.length === standing.length && !endsCover) return known;
  return [...withoutPrincipal(undone, actor), ...withFirst(makers, actor), cause];
}

/** Returns the causes of one finding after a change whose drift a rollback undid before it was reported. */
export function addUndone(known: readonly RecordedCause[], cause: RecordedCause): readonly RecordedCause[] {
  const isKnown = known.some(
    (each) => each.changeId === cause.changeId || (isBy(cause.actor, each) && isBefore(cause.at, each.at)),
  );
  return isKnown ? known : [cause, ...withoutPrincipal(known, cause.actor)];
}

// The drift may become again as another left it: the parts that the principal added before that are in it still.
function withFirst(makers: readonly RecordedCause[], actor: Actor): readonly RecordedCause[] {
  const first = makers.findIndex((each) => isBy(actor, each));
  const isOthers = (each: RecordedCause) => !isBy(actor, each);
  return makers.filter(
    (each, index) => isOthers(each) || (index === first && makers.slice(first).some(isOthers)),
  );
}

function withoutPrincipal(causes: readonly RecordedCause[], actor: Actor): readonly RecordedCause[] {
  return causes.filter((each) => !isBy(actor, each));
}

function isBy(actor: Actor, { actor: other }: RecordedCause): boolean {
  const arn = other.arn ?? other.issuer;
  if (arn !== undefined) return isSamePrincipal(actor, arn);
  return actor.arn === undefined && actor.issuer === undefined && actor.service === other.service;
}

/**
 * Returns the control record without the causes of drifts that a read does not show: what they added is gone, and the maker
 * of such a drift later on makes all of it. IAM shows every change by the time of the recheck, so that a cause is kept until
 * then. A cause that keeps an exception by its maker from counting stays, and so does every cause if the read left something
 * undecided.
 */
export function forgetGone(
  control: Control,
  key: RoleKey,
  assessments: readonly Assessment[],
  now: Instant,
  { recheckSeconds }: Pick<Config, "recheckSeconds">,
): Control {
  if (control.causes.length === 0 || assessments.some(({ kind }) => kind === "undecided")) return control;
  const seen = new Set(assessments.map((evidence) => identifyFinding(key, evidence)));
  const isKept = ({ findingId, at, undoneBy, actor }: RecordedCause) =>
    undoneBy !== undefined ||
    seen.has(findingId) ||
    millisecondsBetween(at, now) < recheckSeconds * 1000 ||
    control.exceptions.some(
      (exception) => exception.findingId === findingId && isSamePrincipal(actor, exception.owner),
    );
  const causes = control.causes.filter(isKept);
  return causes.length === control.causes.length ? control : { ...control, causes };
}
