import { type LinkedRole, linkedRolePath } from "./linked-role.ts";

/** What a person does with a service-linked role, and needs a permission for (R16). */
export type LinkedRoleTask = "create" | "edit" | "delete";

// The guide's statements for editing and deleting (R21, R24); IAM's form of them for creating (R16). Editing names the
// older call alone, with which the description can be edited too.
const actions = {
  create: ["iam:CreateServiceLinkedRole"],
  edit: ["iam:UpdateRoleDescription"],
  delete: ["iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus"],
} as const satisfies Readonly<Record<LinkedRoleTask, readonly string[]>>;

/** A statement that allows one task on one service-linked role, as it stands in a policy. */
export interface PermissionStatement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition: { readonly StringLike: { readonly "iam:AWSServiceName": string } };
}

/** Returns the statement of the AWS Batch User Guide that allows a task (R16, R21, R24), for the role's partition. */
export function permissionFor(
  task: LinkedRoleTask,
  role: LinkedRole,
  { partition }: { readonly partition: string },
): PermissionStatement {
  return {
    Effect: "Allow",
    Action: actions[task],
    Resource: `arn:${partition}:iam::*:role${linkedRolePath(role)}${role.name}`,
    Condition: { StringLike: { "iam:AWSServiceName": role.service } },
  };
}
