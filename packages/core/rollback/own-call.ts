import type { Change } from "../model/change.ts";
import type { Attempt, Impersonation, Note } from "../model/evidence.ts";
import type { Instant } from "../model/instant.ts";
import { isRollbackUnderway, type Ledger } from "../model/ledger.ts";
import { isSamePart, partOf } from "../model/part.ts";
import type { Rollback } from "../model/rollback.ts";

/** The identity of the guard's own rollback function. */
export interface OwnIdentity {
  /** ARN of the role that rollbacks run as; left out if rollback is not deployed. */
  readonly guardRole?: string;
}

/** Whether a change was made by the role that rollbacks run as. */
export function isByGuard({ actor }: Change, { guardRole }: OwnIdentity): boolean {
  return guardRole !== undefined && actor.issuer === guardRole;
}

/**
 * Judges whether a call by the guard's own role was a step of one of its rollbacks. Call it at the recheck: the
 * rollback that made the call has been recorded by then.
 *
 * Returns "none" if there is nothing to report: the call is another actor's, or a recorded step has its request id.
 * Returns "unknown" while a rollback of the role is running; ask again later. `now` is ISO 8601.
 */
export function judgeOwnCall(
  change: Change,
  ledger: Ledger,
  identity: OwnIdentity,
  now: Instant,
): Impersonation | Note | "none" | "unknown" {
  if (!isByGuard(change, identity)) return "none";
  const own = ledger.rollbacks.some(({ done }) =>
    done.some(({ requestId }) => requestId !== undefined && requestId === change.requestId),
  );
  if (own) return "none";
  if (isRollbackUnderway(ledger, now)) return "unknown";
  if (ledger.rollbacks.some((rollback) => couldHaveMade(rollback, change))) return unconfirmed(change);
  return {
    kind: "impersonation",
    part: partOf("role"),
    call: change.call,
    actor: change.actor,
    at: change.at,
    changeId: change.id,
    earlier: [],
  };
}

// CloudTrail records times to the second, and the SDK may repeat a call that got no answer.
const slackSeconds = 120;

// A failed rollback may have made a call without seeing its answer, and so without recording its request id.
function couldHaveMade(rollback: Rollback, { call, at, writes }: Change): boolean {
  if (rollback.status !== "failed") return false;
  const time = Date.parse(at);
  const inTime =
    time >= Date.parse(rollback.startedAt) - slackSeconds * 1000 &&
    time <= Date.parse(rollback.endedAt) + slackSeconds * 1000;
  return (
    inTime &&
    rollback.plan.steps.some(
      (step, index) =>
        step.call === call &&
        (writes === undefined || isSamePart(writes, step.part)) &&
        !rollback.done.some((done) => done.step === index && done.requestId !== undefined),
    )
  );
}

function unconfirmed({ call, at, id }: Change): Note {
  return {
    kind: "note",
    part: partOf("role"),
    topic: "unconfirmed-call",
    details: [
      `${call} at ${at} (${id}) was made by the guard's own role. A rollback that failed at that time had planned the call and got no response. The call was probably the guard's; there is no proof.`,
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
