import type { Change } from "@drift-guard/core/model/change";
import type { Attempt, Impersonation, Note } from "@drift-guard/core/model/evidence";
import { isRollbackUnderway, type Ledger } from "@drift-guard/core/model/ledger";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { GuardSettings } from "./ports.ts";

/** Whether a change was made by the role that rollbacks run as. */
export function isByGuard({ actor }: Change, { guardRole }: GuardSettings): boolean {
  return guardRole !== undefined && actor.issuer === guardRole;
}

/**
 * Whether a call by the guard's own role was one of its rollbacks (design 3.8). Judged at the recheck, when the
 * rollback that made it has been recorded; "unknown" while one is still running.
 */
export function judgeCaller(
  change: Change,
  ledger: Ledger,
  settings: GuardSettings,
  now: string,
): Impersonation | Note | "none" | "unknown" {
  if (!isByGuard(change, settings)) return "none";
  const own = ledger.rollbacks.some(({ done }) =>
    done.some(({ requestId }) => requestId !== undefined && requestId === change.requestId),
  );
  if (own) return "none";
  if (isRollbackUnderway(ledger, now)) return "unknown";
  if (ledger.rollbacks.some((rollback) => mayHaveMade(rollback, change))) return unconfirmed(change);
  return {
    kind: "impersonation",
    part: "role",
    call: change.call,
    actor: change.actor,
    at: change.at,
    changeId: change.id,
    earlier: [],
  };
}

// CloudTrail's time is of the second, and a call that got no answer may be tried again by the SDK.
const slackSeconds = 120;

// A rollback that failed may have made a call whose answer, and so whose id, it never saw.
function mayHaveMade(rollback: Rollback, { call, at, writes }: Change): boolean {
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
        (writes === undefined || writes === step.part) &&
        !rollback.done.some((done) => done.step === index && done.requestId !== undefined),
    )
  );
}

function unconfirmed({ call, at, id }: Change): Note {
  return {
    kind: "note",
    part: "role",
    topic: "unconfirmed-call",
    details: [
      `${call} at ${at} (${id}) was made by the guard's own role. A rollback that failed then had planned it and saw no answer, so it was probably the guard's; nobody can prove it.`,
    ],
    grants: [],
    at,
  };
}

/** A refused call as evidence. */
export function attemptOf(change: Change, { code, message }: { code: string; message?: string }): Attempt {
  return {
    kind: "attempt",
    part: "role",
    call: change.call,
    actor: change.actor,
    at: change.at,
    code,
    ...(message !== undefined && { message }),
    changeId: change.id,
    earlier: [],
  };
}
