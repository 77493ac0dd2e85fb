/**
 * The calls that can change a watched role, or which roles AWS Batch uses. These are exact names: a prefix would miss some
 * and match others (docs/aws-facts.md, "Calls worth watching"). The stack's rules match these and no others.
 */
export const watchedCalls = {
  iam: [
    // On the role.
    "CreateRole",
    "DeleteRole",
    "UpdateRole",
    "UpdateRoleDescription",
    "UpdateAssumeRolePolicy",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "PutRolePolicy",
    "DeleteRolePolicy",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "TagRole",
    "UntagRole",
    "CreateServiceLinkedRole",
    "DeleteServiceLinkedRole",
    // On a managed policy that may be attached to the role, or be its boundary.
    "CreatePolicy",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "DeletePolicyVersion",
    "DeletePolicy",
    "TagPolicy",
    "UntagPolicy",
    // On an instance profile that may hold the role.
    "CreateInstanceProfile",
    "DeleteInstanceProfile",
    "AddRoleToInstanceProfile",
    "RemoveRoleFromInstanceProfile",
  ],
  batch: [
    "CreateComputeEnvironment",
    "UpdateComputeEnvironment",
    "DeleteComputeEnvironment",
    "RegisterJobDefinition",
    "DeregisterJobDefinition",
  ],
} as const satisfies Record<"iam" | "batch", readonly string[]>;

/** Whether the guard watches a call of a service; `name` is the call's name without its service. */
export function isWatched(service: string, name: string): boolean {
  switch (service) {
    case "iam":
    case "batch": {
      const names: readonly string[] = watchedCalls[service];
      return names.includes(name);
    }
    default:
      return false;
  }
}
