/**
 * The calls that can alter a guarded role, or which roles Batch uses: exact names, since a prefix misses some and
 * catches others (docs/aws-facts.md, "Calls worth watching"). The stack's rules match these and no others.
 */
export const watchedCalls = {
  iam: [
    // On the role itself.
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
    // On a managed policy that may be attached to it, or be its boundary.
    "CreatePolicy",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "DeletePolicyVersion",
    "DeletePolicy",
    "TagPolicy",
    "UntagPolicy",
    // On a profile that may hold it.
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

/** Whether a call of a service is one that the guard looks at. */
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
