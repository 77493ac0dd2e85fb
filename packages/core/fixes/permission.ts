import type { FixStep } from "../model/fix.ts";
import type { Role } from "../model/role.ts";

type PermissionCondition =
  | { readonly ArnEquals: { readonly "iam:PolicyARN": string } }
  | { readonly StringEquals: { readonly "iam:PermissionsBoundary": string } };

/** A statement that allows a step, as it stands in a policy. */
export interface StepPermission {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: PermissionCondition;
}

/**
 * Returns the statements that allow a step on a role, and nothing beyond it: one resource, and one policy where IAM has a
 * condition key for it. A service-linked role is not covered (`linked-role/permission.ts`).
 */
export function permissionsFor(
  step: Exclude<FixStep, { call: "iam:CreateServiceLinkedRole" }>,
  { account, partition, path }: Pick<Role, "account" | "partition" | "path">,
): readonly StepPermission[] {
  const arnOf = (type: string, name: string) => `arn:${partition}:iam::${account}:${type}${name}`;
  const role = arnOf("role", `${step.call === "iam:CreateRole" ? step.path : path}${step.role}`);
  const allow = (Action: readonly string[], Resource: string, Condition?: PermissionCondition) => ({
    Effect: "Allow" as const,
    Action,
    Resource,
    ...(Condition && { Condition }),
  });
  switch (step.call) {
    case "iam:AttachRolePolicy":
    case "iam:DetachRolePolicy":
      return [allow([step.call], role, { ArnEquals: { "iam:PolicyARN": step.policyArn } })];
    case "iam:PutRolePermissionsBoundary":
      return [allow([step.call], role, bindTo(step.policyArn))];
    case "iam:CreateRole": {
      const { boundary, tags } = step;
      return [
        allow([step.call], role, boundary === undefined ? undefined : bindTo(boundary)),
        // With tags, IAM asks for this one too (docs/aws-facts.md, "IAM reads and writes"), and without the boundary's key.
        ...(tags ? [allow(["iam:TagRole"], role)] : []),
      ];
    }
    case "iam:AddRoleToInstanceProfile":
      return [
        allow(
          ["iam:GetInstanceProfile", "iam:CreateInstanceProfile", step.call],
          arnOf("instance-profile", `/${step.profile}`),
        ),
        allow(["iam:PassRole"], role),
      ];
    case "iam:SetDefaultPolicyVersion":
    case "iam:CreatePolicyVersion":
    case "iam:DeletePolicyVersion":
      return [allow([step.call], step.policyArn)];
    case "iam:PutRolePolicy":
    case "iam:DeleteRolePolicy":
    case "iam:UpdateAssumeRolePolicy":
    case "iam:DeleteRolePermissionsBoundary":
    case "iam:UpdateRole":
    case "iam:TagRole":
    case "iam:UntagRole":
      return [allow([step.call], role)];
  }
}

// Of the condition keys of IAM, iam:PolicyARN takes operators of ARNs, and this one those of strings.
function bindTo(boundary: string): PermissionCondition {
  return { StringEquals: { "iam:PermissionsBoundary": boundary } };
}
