import type { Change } from "@drift-guard/core/model/change";
import type { Finding } from "@drift-guard/core/model/finding";
import { digestOf } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { isByGuard } from "@drift-guard/core/rollback/own-call";
import type { GuardSettings, InspectPorts } from "../ports.ts";

/**
 * Returns whether a recheck must read the role: no other recheck of the role did so in the last quarter of the time after
 * which roles are read again. That other read came long enough after the change, so that a burst of changes leads to few
 * reads and none is missed. A recheck reads all the same if its change may still be needed: a call by the guard's own role,
 * the deletion of a service-linked role, a call to AWS Batch, and any change while the author of an open drift is unknown.
 * So does one of a role that could not be read. Costs one conditional write. Throws `StoreUnavailableError`.
 */
export async function claimRecheck(
  key: RoleKey,
  after: Change | undefined,
  { symptoms, findings, now }: Pick<InspectPorts, "symptoms" | "findings" | "now">,
  settings: GuardSettings,
): Promise<boolean> {
  if (symptoms === undefined || (after !== undefined && isNeeded(after, settings))) return true;
  const ledger = await findings.load(key);
  if (ledger.findings.some((finding) => needsRead(finding, after))) return true;
  const at = now();
  const windowMs = settings.config.recheckSeconds * 250;
  return symptoms.claim(key.account, {
    key: digestOf(["recheck", key.name.toLowerCase()]),
    // Another for each message, also for those that name no change. One that is delivered again comes after the window.
    eventId: crypto.randomUUID(),
    at: instantOf(at),
    since: instantOf(new Date(at.getTime() - windowMs)),
  });
}

function isNeeded(change: Change, settings: GuardSettings): boolean {
  return !change.call.startsWith("iam:") || change.deletionTask !== undefined || isByGuard(change, settings);
}

function needsRead({ state, evidence, causedBy }: Finding, after: Change | undefined): boolean {
  if (state !== "open") return false;
  if (evidence.kind === "undecided" && evidence.part.kind === "role") return true;
  return after !== undefined && evidence.kind === "drift" && causedBy === undefined;
}
