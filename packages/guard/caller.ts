import type { Change } from "@drift-guard/core/change";
import type { Attempt, Impersonation } from "@drift-guard/core/evidence";
import { isRollbackUnderway, type Ledger } from "@drift-guard/core/ledger";
import type { GuardSettings } from "./ports.ts";

/**
 * Whether a call by the guard's own role was one of its rollbacks (design 3.8). Judged at the recheck, when the
 * rollback that made it has been recorded; "unknown" while one is still running.
 */
export function judgeCaller(
  change: Change,
  ledger: Ledger,
  settings: GuardSettings,
  now: string,
): Impersonation | "none" | "unknown" {
  const { guardRole } = settings;
  if (guardRole === undefined || change.actor.issuer !== guardRole) return "none";
  const own = ledger.rollbacks.some(({ done }) =>
    done.some(({ requestId }) => requestId !== undefined && requestId === change.requestId),
  );
  if (own) return "none";
  if (isRollbackUnderway(ledger, now)) return "unknown";
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
