import { digestCall } from "../model/call-digest.ts";
import type { Change } from "../model/change.ts";
import type { Control } from "../model/control.ts";
import type { Attempt, Impersonation, Note } from "../model/evidence.ts";
import { type Instant, millisecondsBetween } from "../model/instant.ts";
import { isSamePart, partOf } from "../model/part.ts";
import type { Rollback, StepRecord } from "../model/rollback.ts";
import { recordedPart } from "./recorded-part.ts";

/** The identity of the guard's own rollback function. */
export interface OwnIdentity {
  /** ARN of the role that rollbacks run as; left out if rollback is not deployed. */
  readonly guardRole?: string;
}

/** Whether a change was made by the role that rollbacks run as. */
export function isByGuard({ actor }: Pick<Change, "actor">, { guardRole }: OwnIdentity): boolean {
  return guardRole !== undefined && actor.issuer === guardRole;
}

/** What a call by the guard's role is judged by: the role's control record, and the calls of rollbacks that it no longer has. */
export interface OwnCallRecord {
  readonly control: Pick<Control, "rollbacks">;
  /**
   * Rollbacks of other roles that may have made the call: one on a customer-managed policy concerns each role that has it. None
   * if left out.
   */
  readonly others?: readonly Rollback[];
  /** Whether the change's request id is one of the guard's own calls. */
  readonly isRecorded: boolean;
}

/**
 * Judges whether a call by the guard's own role was a step of one of its rollbacks: by its session and its request id, or,
 * where an answer was lost, by its session, its exact parameters and its time. Each step is stored before its call, so that
 * the judgement needs no end of the rollback.
 *
 * Returns "none" if there is nothing to report: the call is another actor's, or a step made it. Returns "unknown" while a
 * call with these parameters has no outcome yet; ask again later. A call whose parameters the record does not show may be
 * the guard's own: a note says so.
 */
export function judgeOwnCall(
  change: Change,
  { control, others = [], isRecorded }: OwnCallRecord,
  identity: OwnIdentity,
): Impersonation | Note | "none" | "unknown" {
  if (!isByGuard(change, identity)) return "none";
  const known = [...control.rollbacks, ...others];
  const rollbacks = known.filter((rollback) => isOfSession(change, rollback));
  const isOther = known.length > 0 && rollbacks.length === 0;
  if (isRecorded && !isOther) return "none";
  const calls = rollbacks.flatMap((rollback) => rollback.steps.map((record) => ({ rollback, record })));
  if (calls.some(({ record }) => hasRequestId(record, change.requestId))) return "none";
  const possible = calls.filter(({ rollback, record }) => couldHaveMade(rollback, record, change));
  if (possible.some(({ rollback, record }) => isExactly(rollback, record, change))) return "none";
  // A record that shows the parameters, and others than those of any step, is no step's.
  if (possible.length === 0 || change.callDigest !== undefined) return createImpersonation(change);
  // A denied call changed nothing, and its record shows no parameters.
  if (change.outcome.status !== "succeeded") return "none";
  return possible.some(({ rollback }) => rollback.status === "running") ? "unknown" : createNote(change);
}

function isOfSession({ actor }: Change, { session }: Rollback): boolean {
  return session === undefined || actor.session === session;
}

function hasRequestId({ outcome }: StepRecord, requestId: string | undefined): boolean {
  return (
    requestId !== undefined &&
    outcome !== undefined &&
    "requestId" in outcome &&
    outcome.requestId === requestId
  );
}

// AWS takes no request whose signed time is further from its own (docs/aws-facts.md, "Signed requests to STS"). Somebody who
// repeats a call exactly meanwhile changes nothing.
const slackMs = 5 * 60_000;
// A call is repeated, or waits for its answer, no longer than its function runs.
const longestCallMs = 15 * 60_000;

/** Whether a step may have made a call without its request id: its answer was lost, and the call fits by name and time. */
function couldHaveMade(
  { plan }: Rollback,
  { step, intendedAt, outcome }: StepRecord,
  change: Change,
): boolean {
  const planned = plan.steps[step];
  const isAnswered = outcome?.status === "done" && outcome.repeated !== true;
  if (planned?.call !== change.call || (isAnswered && outcome.requestId !== undefined)) return false;
  if (change.writes !== undefined && !isSamePart(change.writes, recordedPart(planned))) return false;
  if (millisecondsBetween(intendedAt, change.at) < -slackMs) return false;
  // After a crash, the outcome is known long after the call.
  const latest = outcome?.status === "done" || outcome?.status === "refused" ? outcome.at : undefined;
  const elapsed = millisecondsBetween(latest ?? intendedAt, change.at);
  return elapsed <= (latest === undefined ? longestCallMs : slackMs);
}

function isExactly({ plan }: Rollback, { step }: StepRecord, { callDigest }: Change): boolean {
  const planned = plan.steps[step];
  return planned !== undefined && callDigest !== undefined && callDigest === digestCall(planned);
}

function createImpersonation({ call, actor, at, id }: Change): Impersonation {
  return { kind: "impersonation", part: partOf("role"), call, actor, at, changeId: id, earlier: [] };
}

function createNote({ call, at, id }: Change): Note {
  return {
    kind: "note",
    part: partOf("role"),
    topic: "unconfirmed-call",
    details: [
      `${call} at ${at} (${id}) was made by the guard's own role. A rollback made such a call at that time and got no answer, and the record does not show the call's parameters. The call was probably the guard's; there is no proof.`,
    ],
    grants: [],
    at,
  };
}

/** Returns the evidence of a refused call: an attempt at the part `role`. */
export function attemptOf(change: Change, { code, message }: { code: string; message?: string }): Attempt {
  return {
    kind: "attempt",
    part: partOf("role"),
    call: change.call,
    actor: change.actor,
    at: change.at,
    code,
    ...(message !== undefined && { message }),
    changeId: change.id,
    earlier: [],
  };
}

/** When a time lies after another, or in the same second: CloudTrail records times to the second. */
export function isNotBefore(time: Instant, other: Instant): boolean {
  return Date.parse(time) >= Math.floor(Date.parse(other) / 1000) * 1000;
}
