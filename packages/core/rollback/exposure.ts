import { digestCall } from "../model/call-digest.ts";
import type { Change } from "../model/change.ts";
import type { Assessment } from "../model/evidence.ts";
import { type Instant, instantOf, isBefore } from "../model/instant.ts";
import { partOf } from "../model/part.ts";
import type { Role } from "../model/role.ts";

/** The role that rollback knows, as far as restoring depends on it. */
export interface KnownRole {
  /** The unique id of the role that was read clean. */
  readonly roleId: string;
  /** The first clean read of this role. What its trust policy was before is unknown. */
  readonly at: Instant;
  /** The last time at which the trust policy let in, or may have let in, anybody else. */
  readonly exposure?: { readonly at: Instant; readonly began?: Instant; readonly sessionSeconds: number };
}

// IAM applies a change after a while, and a session may begin until then.
const settleSeconds = 120;
/** The longest that a session of any role may last, in seconds. */
export const longestSession = 43_200;

/** Returns the longest that a session of a role may last, in seconds: 12 hours if it is not observed. */
export function longestSessionOf({ maxSession }: Pick<Role, "maxSession">): number {
  return maxSession.observed ? maxSession.value : longestSession;
}

/**
 * Returns the time from which on no stranger can have a session of the role: the end of the longest session that may have
 * begun before its trust policy was known to be clean.
 */
export function findSafeTime({ at, exposure }: KnownRole, role: Pick<Role, "maxSession">): Instant {
  const seconds = longestSessionOf(role);
  const ends = [
    endOf(at, seconds),
    ...(exposure ? [endOf(exposure.at, Math.max(seconds, exposure.sessionSeconds))] : []),
  ];
  return instantOf(new Date(Math.max(...ends)));
}

/** Whether somebody else could first begin a session of the role after a time, so that a decision from then knows nothing of it. */
export function isExposedSince(
  time: Instant | undefined,
  known: Pick<KnownRole, "exposure"> | undefined,
): boolean {
  const began = known?.exposure?.began;
  return time !== undefined && began !== undefined && !isBefore(began, time);
}

/** Returns when every session of a stranger who was let in has ended; undefined if none ever was. */
export function findExposureEnd({ exposure }: Pick<KnownRole, "exposure">): Instant | undefined {
  return exposure && instantOf(new Date(endOf(exposure.at, exposure.sessionSeconds)));
}

function endOf(at: Instant, seconds: number): number {
  return Date.parse(at) + (seconds + settleSeconds) * 1000;
}

/**
 * Whether the trust policy of a role lets in anybody beyond its reference, or may do so, by all of the role's assessments:
 * a stranger whom a person accepted by an exception is none of the reference's principals.
 */
export function isTrustExposed(assessments: readonly Assessment[]): boolean {
  return assessments.some(
    (each) =>
      (each.part.kind === "trust" || each.part.kind === "role") &&
      (each.kind === "undecided" || (each.kind === "drift" && each.side === "excess")),
  );
}

/**
 * Whether a change may have set another maximum session duration than the role had: a session that began before keeps its
 * length.
 */
export function mayHaveChangedSession({ call }: Pick<Change, "call">): boolean {
  return call === "iam:UpdateRole";
}

/**
 * Whether a change may have let somebody in although the role as it was read after it does not show that: it wrote another
 * trust policy, which was replaced before the read.
 */
export function mayHaveExposed({ call, callDigest }: Change, { name, trust }: Role): boolean {
  if (call !== "iam:UpdateAssumeRolePolicy") return false;
  const step = { call, role: name, part: partOf("trust"), document: trust } as const;
  return callDigest !== digestCall(step);
}
