import { inlinePart, managedPart, type Part, partOf } from "../model/part.ts";
import type { CloudTrailRecord } from "./cloudtrail.ts";

/**
 * Returns the part of a role that a call writes, or undefined if its record does not show it. A call that creates or
 * deletes the role writes the part `role`.
 */
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
