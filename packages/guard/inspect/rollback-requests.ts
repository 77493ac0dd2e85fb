import { isOff } from "@drift-guard/core/config/rollback-choice";
import type { Change } from "@drift-guard/core/model/change";
import type { Control } from "@drift-guard/core/model/control";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Cause } from "@drift-guard/core/model/transition";
import { isByGuard } from "@drift-guard/core/rollback/own-call";
import type { GuardSettings, InspectPorts } from "../ports.ts";
import type { WatchedRoleWithUses } from "./discovery.ts";

/** What an inspection found that rollback should know. */
interface Inspected {
  readonly watched: WatchedRoleWithUses;
  readonly control: Control;
  /** Whether the read was complete and found no drift. */
  readonly isClean: boolean;
  /** Whether the read found a drift, or a revocation that has ended. */
  readonly isDue: boolean;
  readonly cause: Cause;
  /** The change that led to the inspection, at once or by its recheck. */
  readonly after?: Change | undefined;
}

/**
 * Sends rollback what it must know of a role that it may write: the change that was inspected, and again at its recheck if
 * the role is not clean; a clean read, if the role is not enrolled or a change came before; and in a sweep, a drift, a
 * revocation that has ended, and a rollback that has not ended in time or that people were not told of. Whether rollback
 * should look at a drift again is not read from the findings, which it does not believe.
 */
export async function informRollback(
  { watched, control, isClean, isDue, cause, after }: Inspected,
  { requests, now }: Pick<InspectPorts, "requests" | "now">,
  settings: GuardSettings,
): Promise<void> {
  if (requests === undefined || watched.discovered || watched.reference.serviceLinked !== undefined) return;
  if (isOff(watched.guarded.rollback)) return;
  const role = watched.name;
  const isForeign = after !== undefined && !isByGuard(after, settings);
  // Sent again where the drift is still there at the recheck: a message that was lost cannot be sent again by a person.
  const isReported = cause.kind === "change" || (cause.kind === "recheck" && !isClean);
  if (isReported && isForeign && after.outcome.status === "succeeded") {
    await requests.send({ changed: { role, change: after } }, 0);
  }
  const isNews = control.enrolment === undefined || (after !== undefined && cause.kind === "recheck");
  if (isClean && isNews) await requests.send({ enrol: { role, at: instantOf(now()) } }, 0);
  if (cause.kind !== "sweep") return;
  if (isDue) await requests.send({ retry: { role, due: instantOf(now()), findings: [] } }, 0);
  for (const { id: rollbackId } of control.rollbacks.filter(isUnfinished)) {
    await requests.send({ continue: { role, rollbackId } }, 0);
  }
}

function isUnfinished(rollback: Control["rollbacks"][number]): boolean {
  return rollback.status === "running" || rollback.told !== true;
}
