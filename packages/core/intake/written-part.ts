import type { Actor } from "../model/actor.ts";
import type { Change } from "../model/change.ts";
import { deniesAdded, deniesRemoved, type Evidence } from "../model/evidence.ts";
import { inlinePart, isSamePart, managedPart, type Part, partOf } from "../model/part.ts";
import type { CloudTrailRecord } from "./cloudtrail.ts";

/** The part of a role that a call writes, where its record shows it; `role` where it makes or removes the whole. */
export function writtenPart({ eventName, requestParameters }: CloudTrailRecord): Part | undefined {
  const { policyArn, policyName } = requestParameters ?? {};
  switch (eventName) {
    case "AttachRolePolicy":
    case "DetachRolePolicy":
    case "CreatePolicyVersion":
    case "SetDefaultPolicyVersion":
    case "DeletePolicyVersion":
    case "DeletePolicy":
      return typeof policyArn === "string" ? managedPart(policyArn) : undefined;
    case "PutRolePolicy":
    case "DeleteRolePolicy":
      return typeof policyName === "string" ? inlinePart(policyName) : undefined;
    case "UpdateAssumeRolePolicy":
      return partOf("trust");
    case "PutRolePermissionsBoundary":
    case "DeleteRolePermissionsBoundary":
      return partOf("boundary");
    case "AddRoleToInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
    case "DeleteInstanceProfile":
      return partOf("profile");
    case "CreateRole":
    case "DeleteRole":
    case "CreateServiceLinkedRole":
    case "DeleteServiceLinkedRole":
      return partOf("role");
    default:
      return undefined;
  }
}

/**
 * Who caused a piece of evidence, if a change shows it: only whoever wrote the very part that it is about. A change that
 * merely made the guard look names nobody, or an actor who is trusted could lend his name to somebody else's drift.
 */
export function authorOf(evidence: Evidence, change: Change | undefined): Actor | undefined {
  if (evidence.kind === "attempt" || evidence.kind === "impersonation") return evidence.actor;
  if (evidence.kind === "vendor-change" || change?.outcome.status !== "succeeded") return undefined;
  const { writes } = change;
  if (writes === undefined) return undefined;
  const wrote =
    writes.kind === "role" ||
    isSamePart(writes, evidence.part) ||
    // What a role may do in the end is the sum of its policies, whichever of them was written.
    (evidence.part.kind === "permissions" && ["managed", "inline", "boundary"].includes(writes.kind));
  return wrote && couldCause(change, evidence) ? change.actor : undefined;
}

// Who attached a policy is not to blame for its absence, nor who took it off for what it gives.
function couldCause({ call }: Change, evidence: Evidence): boolean {
  if (evidence.kind !== "drift") return true;
  switch (call) {
    case "iam:AttachRolePolicy":
      return evidence.side !== "missing" || deniesAdded(evidence).length > 0;
    case "iam:DetachRolePolicy":
    case "iam:DeleteRolePolicy":
      return evidence.side !== "excess" || deniesRemoved(evidence).length > 0;
    default:
      return true;
  }
}
