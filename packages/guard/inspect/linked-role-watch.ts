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
 * That a service-linked role is being deleted while AWS Batch uses it: told at once, and until the task has ended.
 * Whether the role went or was kept then, reading it shows.
 */
export async function noteRunningDeletion(
  watched: WatchedRoleWithUses,
  change: Change | undefined,
  { deletions, now }: Pick<InspectPorts, "deletions" | "now">,
): Promise<readonly Note[]> {
  if (change?.call !== "iam:DeleteServiceLinkedRole" || change.outcome.status === "refused") return [];
  const uses = watched.uses.filter(namesRole);
  if (uses.length === 0 || !mayBeUnderWay(change, now())) return [];
  const note = noteDeletion(change, uses);
  if (!deletions || change.deletionTask === undefined) return [note];
  try {
    const status = await deletions.deletionStatus(change.deletionTask);
    return status === undefined || hasEnded(status) ? [] : [note];
  } catch (error) {
    // What cannot be read may be under way still.
    if (error instanceof LinkedRoleRefusedError || error instanceof LinkedRoleUnansweredError) return [note];
    throw error;
  }
}

/** What a change edited of a service-linked role, as it is now; nothing where the role is no such one. */
export async function noteLinkedRoleEdits(
  { name, reference }: WatchedRoleWithUses,
  change: Change,
  { roles }: Pick<InspectPorts, "roles">,
): Promise<readonly Note[]> {
  if (change.edits === undefined || change.outcome.status === "refused") return [];
  if (reference.serviceLinked === undefined) return [];
  try {
    const reading = await roles.read(name);
    const linked = reading.status === "present" && reading.role.path === reference.path;
    return linked ? noteEdits(change, reading.role) : [];
  } catch (error) {
    // The look that follows says that the role cannot be read.
    if (error instanceof RoleUnreadableError) return [];
    throw error;
  }
}
