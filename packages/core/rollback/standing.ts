import { type Config, type GuardedRole, lookupSecondsOf } from "../config/config.ts";
import type { RollbackSide } from "../config/rollback-choice.ts";
import { findNextOpening, isInWindows } from "../config/rollback-window.ts";
import { nameActor } from "../config/trusted-actor.ts";
import { findWatchedRole } from "../config/watched-role.ts";
import { findException, isExcepted } from "../evaluate/coverage.ts";
import { parseIamArn } from "../model/arn.ts";
import type { Control } from "../model/control.ts";
import type { Drift } from "../model/evidence.ts";
import type { EndingException } from "../model/exception.ts";
import type { Finding } from "../model/finding.ts";
import { addSeconds, type Instant, isBefore } from "../model/instant.ts";
import { findObserving } from "../model/observing.ts";
import { roleGone, roleReleased, type Transition } from "../model/transition.ts";
import { findReference } from "../reference/built-in.ts";
import { isSeparable, outweighsAccepted } from "./accepted-part.ts";
import { findApproval } from "./approvals.ts";
import { findNextStart, isContested } from "./attempts.ts";
import { findWaitingApproval, listCountedApprovals } from "./counted-approvals.ts";
import { listCountedExceptions } from "./counted-exceptions.ts";
import { listMakers, listTrusted } from "./makers.ts";
import { findPauseOf } from "./pause.ts";

/**
 * What the guard does about a finding by itself, as of one time. It follows from the owner's configuration, people's
 * decisions and the transition, and claims nothing that a fresh read of the role could still change.
 */
export type Standing =
  /** Later reads found the role as its reference says, or it does not exist any more, or the guard no longer watches it. */
  | { readonly kind: "resolved"; readonly because: "clean" | "deleted" | "unwatched" }
  /** A person closed the finding. */
  | { readonly kind: "closed" }
  /** An exception covers the finding; its fields are left out if the control record does not hold it any more. */
  | {
      readonly kind: "suppressed";
      readonly owner?: string;
      readonly reason?: string;
      readonly until?: Instant;
      /** Set if the configuration holds it. */
      readonly configured?: true;
    }
  /**
   * An exception that covers the finding or, of an open one, a part of it ends soon. `next` is what the guard does about the
   * finding by itself after that.
   */
  | (EndingException & {
      readonly kind: "expiring";
      readonly isPart: boolean;
      readonly next: Exclude<Standing["kind"], "expiring">;
    })
  /** A rollback undid the drift, and no later read has confirmed it yet. */
  | { readonly kind: "undone" }
  /** The evidence is no drift, so that there is nothing to roll back. */
  | { readonly kind: "report-only" }
  /** The role is compared and never written: the configuration does not name it, or names another path. */
  | { readonly kind: "observed"; readonly because: "not-named" | "pattern" | "path" }
  /** Only AWS may change the role. */
  | { readonly kind: "service-linked" }
  /** Rollback of this side is off for the role. */
  | { readonly kind: "off"; readonly side: RollbackSide }
  /** Rollback of this side is only simulated for the role. */
  | { readonly kind: "simulated"; readonly side: RollbackSide }
  /** No rollback repairs such a drift: an absent role, an instance profile, an added Deny, another kind of difference. */
  | { readonly kind: "by-hand"; readonly because: "role" | "profile" | "deny" | "need" | "other" }
  /** The guard rolls the drift back now, unless its next read of the role shows a reason against it. */
  | { readonly kind: "undoing"; readonly side: RollbackSide }
  /**
   * A new deployment writes no role yet. `until`: when it begins to, unless a person has it begin earlier; left out if no
   * sweep was complete yet.
   */
  | { readonly kind: "observing"; readonly until?: Instant }
  /** A person must approve the rollback. `approvers`: ARN patterns, empty for everybody who may call the guard. */
  | {
      readonly kind: "approval";
      readonly approvers: readonly string[];
      /** The trusted actors who made the change; empty if the configuration asks for an approval. */
      readonly trusted: readonly string[];
    }
  /** A person approved the rollback. `from`: when the approval counts, if that is later. */
  | { readonly kind: "approved"; readonly by: string; readonly from?: Instant }
  /** A person paused rollbacks. */
  | {
      readonly kind: "paused";
      readonly scope: "account" | "role";
      readonly by: string;
      readonly until: Instant;
      readonly reason: string;
    }
  /** The drift keeps returning. `until`: when the next rollback may start; left out if at once. */
  | { readonly kind: "contested"; readonly until?: Instant }
  /** It is not known who made the change, and the owner trusts somebody. `until`: when the guard waits no longer. */
  | { readonly kind: "seeking-author"; readonly until: Instant }
  /** Automatic rollbacks wait for a window. `until`: when it opens; left out if none opens in the next 8 days. */
  | { readonly kind: "window"; readonly until?: Instant }
  /** The last rollback was refused or failed. `retries`: the reason passes by itself, and the guard tries again. */
  | { readonly kind: "refused"; readonly reason: string; readonly retries: boolean };

/** What a standing follows from. */
export interface StandingInput {
  readonly config: Pick<
    Config,
    "roles" | "references" | "organization" | "trustedActors" | "severities" | "exceptions" | "recheckSeconds"
  >;
  /** The control record of the finding's role. */
  readonly control: Control;
  readonly now: Instant;
}

/** Returns what the guard does about the finding of a transition, as of `now`. */
export function findStanding(transition: Transition, input: StandingInput): Standing {
  const { kind, finding, note } = transition;
  switch (kind) {
    case "resolved":
      return { kind: "resolved", because: whyResolved(note) };
    case "closed":
      return { kind: "closed" };
    case "sessions-found":
      // The trust policy may be restored by now; its sessions live on.
      if (finding.state === "resolved") return { kind: "resolved", because: "clean" };
      if (finding.rollback?.undone && !finding.rollback.returned) return { kind: "undone" };
      break;
    case "suppressed":
      return findSuppression(finding, input);
    case "expiring":
      return findExpiry(transition, input);
    case "rolled-back":
      return { kind: "undone" };
    case "opened":
    case "worsened":
    case "reopened":
    case "recurred":
    case "improved":
    case "attributed":
    case "approved":
    case "contested":
    case "simulated":
    case "refused":
      break;
  }
  const { evidence } = finding;
  return evidence.kind === "drift" ? findDriftStanding(transition, evidence, input) : { kind: "report-only" };
}

function whyResolved(note: string | undefined): Extract<Standing, { kind: "resolved" }>["because"] {
  if (note === roleGone) return "deleted";
  return note === roleReleased ? "unwatched" : "clean";
}

function findSuppression({ id, evidence }: Finding, { control, config, now }: StandingInput): Standing {
  const exceptions = listCountedExceptions(control, config);
  const exception = findException({ id, evidence }, { exceptions, now });
  if (exception === undefined) return { kind: "suppressed" };
  const { owner, reason, expires: until, configured } = exception;
  return { kind: "suppressed", owner, reason, until, ...(configured && { configured }) };
}

/** An exception that was extended or ended since the warning makes it untrue. */
function findExpiry(transition: Transition, input: StandingInput): Standing {
  const { finding, exception } = transition;
  const exceptions = listCountedExceptions(input.control, input.config).filter(
    ({ findingId }) => findingId === finding.id,
  );
  const isPart = finding.state === "open";
  const now = findStanding({ ...transition, kind: isPart ? "worsened" : "suppressed" }, input);
  const ending = exceptions.find(
    ({ expires, owner }) => expires === exception?.expires && owner === exception.owner,
  );
  if (ending === undefined) return now;
  const { owner, reason, expires, configured } = ending;
  if (!isPart && isExcepted(finding, { exceptions, now: expires })) return now;
  const later = findStanding({ ...transition, kind: "reopened" }, { ...input, now: expires });
  if (later.kind === "expiring") return now;
  return {
    kind: "expiring",
    owner,
    reason,
    expires,
    ...(configured && { configured }),
    isPart,
    next: later.kind,
  };
}

function findDriftStanding(transition: Transition, drift: Drift, input: StandingInput): Standing {
  const { finding } = transition;
  const { role } = finding;
  const { side } = drift;
  if (isServiceLinked(finding, input)) return { kind: "service-linked" };
  const watched = findWatchedRole(input, role.name);
  if (watched === undefined) return { kind: "observed", because: "not-named" };
  if (watched.pattern !== undefined) return { kind: "observed", because: "pattern" };
  const { guarded } = watched;
  const mode = guarded.rollback[side];
  if (mode === "off") return { kind: "off", side };
  const path = pathOf(finding);
  if (path !== undefined && !guarded.paths.includes(path)) return { kind: "observed", because: "path" };
  const handwork = findHandwork(drift);
  if (handwork !== undefined) return { kind: "by-hand", because: handwork };
  if (mode === "simulate") return { kind: "simulated", side };
  return findProgress(transition, input) ?? findObstacle(transition, drift, guarded, input);
}

/** Returns what the control record knows of a rollback of the finding since the transition; undefined if there is none. */
function findProgress({ finding, at }: Transition, { control }: StandingInput): Standing | undefined {
  const last = control.rollbacks.findLast(
    ({ plan, startedAt, status }) =>
      plan.findings.includes(finding.id) && (status === "running" || !isBefore(startedAt, at)),
  );
  if (last === undefined || finding.evidence.kind !== "drift") return undefined;
  switch (last.status) {
    case "running":
      return { kind: "undoing", side: finding.evidence.side };
    case "done":
      return { kind: "undone" };
    case "failed":
      return undefined;
  }
}

function findObstacle(
  { kind, at, finding, note }: Transition,
  drift: Drift,
  guarded: GuardedRole,
  { config, control, now }: StandingInput,
): Standing {
  const { id } = finding;
  const waitsForAccepted =
    drift.covered !== undefined && !isSeparable(drift) && !outweighsAccepted(drift, finding.severity);
  const decisions = { control, guarded, now };
  const makers = listMakers(id, control);
  const pause = findPauseOf(control.pauses, makers, now);
  if (pause) {
    const { scope, by, until, reason } = pause;
    return { kind: "paused", scope, by, until, reason };
  }
  const subject = { id, evidence: drift };
  const approval = findApproval(subject, {
    ...control,
    approvals: listCountedApprovals(id, decisions),
    now,
  });
  const isRefused = kind === "refused";
  if (approval && !isRefused) return { kind: "approved", by: approval.by };
  const waiting = findWaitingApproval(id, drift, decisions);
  if (waiting) return { kind: "approved", by: waiting.by, from: waiting.from };
  const trusted = listTrusted(makers, config).map(nameActor);
  const isAsked = guarded.rollback[drift.side] === "approve" || trusted.length > 0 || waitsForAccepted;
  if (approval === undefined && isAsked) {
    return {
      kind: "approval",
      approvers: guarded.rollback.approvers,
      trusted: [...new Set(trusted)],
    };
  }
  const phase = approval === undefined ? findObserving(control, now) : undefined;
  if (phase) return { kind: "observing", ...phase };
  const until = findNextStart(control, id, now);
  if (until !== undefined) return { kind: "contested", until };
  if (kind === "contested" && isContested(control, id, now)) return { kind: "contested" };
  const retries = finding.state === "open" && finding.retry === true;
  if (isRefused && !retries) return { kind: "refused", reason: note ?? "", retries };
  const { windows } = guarded.rollback;
  // Removing excess of severity CRITICAL never waits for a window.
  const waits = drift.side !== "excess" || finding.severity !== "CRITICAL";
  if (approval === undefined && waits && !isInWindows(windows, now)) {
    const opening = findNextOpening(windows, now);
    return { kind: "window", ...(opening !== undefined && { until: opening }) };
  }
  if (isRefused) return { kind: "refused", reason: note ?? "", retries };
  const isAuthorKnown =
    makers.length > 0 || finding.causedBy !== undefined || config.trustedActors.length === 0;
  if (approval === undefined && waits && !isAuthorKnown) {
    const since = control.unexplained?.find(({ findingId }) => findingId === id)?.since ?? at;
    const sought = addSeconds(since, lookupSecondsOf(config));
    if (isBefore(now, sought)) return { kind: "seeking-author", until: sought };
  }
  return { kind: "undoing", side: drift.side };
}

function findHandwork({
  part,
  side,
  cure,
}: Drift): Extract<Standing, { kind: "by-hand" }>["because"] | undefined {
  switch (part.kind) {
    case "role":
    case "profile":
      return part.kind;
    case "inline":
      return side === "missing" ? "deny" : undefined;
    case "permissions":
      // What only AWS Batch's uses need is in no reference.
      if (side === "missing") return cure === undefined ? undefined : "need";
      return "other";
    case "managed":
    case "trust":
    case "boundary":
    case "description":
    case "session":
    case "tag":
      return undefined;
  }
}

function isServiceLinked(finding: Finding, { config }: StandingInput): boolean {
  const reference = findReference(finding.reference ?? finding.role.name, config.references);
  return reference?.serviceLinked !== undefined || pathOf(finding)?.startsWith("/aws-service-role/") === true;
}

/** Returns the IAM path of the finding's role as last read, such as `/service-role/`; undefined if it was never read. */
function pathOf({ arn }: Finding): string | undefined {
  return arn === undefined ? undefined : parseIamArn(arn)?.path;
}
