import { namesRole } from "@drift-guard/core/batch/role-use";
import {
  LinkedRoleRefusedError,
  LinkedRoleUnansweredError,
  RoleUnreadableError,
} from "@drift-guard/core/errors";
import { mayBeUnderWay, noteDeletion, noteEdits } from "@drift-guard/core/linked-role/notes";
import type { Change } from "@drift-guard/core/model/change";
import { hasEnded } from "@drift-guard/core/model/deletion";
import type { Note } from "@drift-guard/core/model/evidence";
import type { InspectPorts } from "../ports.ts";
import type { WatchedRoleWithUses } from "./discovery.ts";

/**
 * Returns a note that a service-linked role is being deleted while AWS Batch uses it, until the deletion task has ended.
 * The inspection that follows shows whether the role still exists. A status that cannot be read counts as running.
 */
export async function noteRunningDeletion(
  watched: WatchedRoleWithUses,
  change: Change | undefined,
  { deletions, now }: Pick<InspectPorts, "deletions" | "now">,
): Promise<readonly Note[]> {
  if (change?.call !== "iam:DeleteServiceLinkedRole" || change.outcome.status !== "succeeded") return [];
  const uses = watched.uses.filter(namesRole);
  if (uses.length === 0 || !mayBeUnderWay(change, now())) return [];
  const note = noteDeletion(change, uses);
  if (!deletions || change.deletionTask === undefined) return [note];
  try {
    const status = await deletions.deletionStatus(change.deletionTask);
    return status === undefined || hasEnded(status) ? [] : [note];
  } catch (error) {
    if (error instanceof LinkedRoleRefusedError || error instanceof LinkedRoleUnansweredError) return [note];
    throw error;
  }
}

/**
 * Returns a note on the description or tags that a change edited on a service-linked role, with their current values.
 * Other roles have none.
 */
export async function noteLinkedRoleEdits(
  { name, reference }: WatchedRoleWithUses,
  change: Change,
  { roles }: Pick<InspectPorts, "roles">,
): Promise<readonly Note[]> {
  if (change.edits === undefined || change.outcome.status !== "succeeded") return [];
  if (reference.serviceLinked === undefined) return [];
  try {
    const reading = await roles.read(name);
    const linked = reading.status === "present" && reading.role.path === reference.path;
    return linked ? noteEdits(change, reading.role) : [];
  } catch (error) {
    // The inspection that follows reports that the role cannot be read.
    if (error instanceof RoleUnreadableError) return [];
    throw error;
  }
}
