import type { Step } from "@drift-guard/core/model/plan";
import type { IamCall } from "./call.ts";

/** Returns the IAM call of a rollback's step. */
export function toIamCall(step: Step): IamCall {
  const roleName = step.role;
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return { call: "AttachRolePolicy", roleName, policyArn: step.policyArn };
    case "iam:DetachRolePolicy":
      return { call: "DetachRolePolicy", roleName, policyArn: step.policyArn };
    case "iam:PutRolePolicy":
      return { call: "PutRolePolicy", roleName, policyName: step.policyName, policyDocument: step.document };
    case "iam:DeleteRolePolicy":
      return { call: "DeleteRolePolicy", roleName, policyName: step.policyName };
    case "iam:UpdateAssumeRolePolicy":
      return { call: "UpdateAssumeRolePolicy", roleName, policyDocument: step.document };
    case "iam:PutRolePermissionsBoundary":
      return { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: step.policyArn };
    case "iam:DeleteRolePermissionsBoundary":
      return { call: "DeleteRolePermissionsBoundary", roleName };
    case "iam:SetDefaultPolicyVersion":
      return { call: "SetDefaultPolicyVersion", policyArn: step.policyArn, versionId: step.versionId };
    case "iam:CreatePolicyVersion":
      return {
        call: "CreatePolicyVersion",
        policyArn: step.policyArn,
        policyDocument: step.document,
        setAsDefault: true,
      };
    case "iam:DeletePolicyVersion":
      return { call: "DeletePolicyVersion", policyArn: step.policyArn, versionId: step.versionId };
    case "iam:UpdateRole":
      return {
        call: "UpdateRole",
        roleName,
        description: step.description,
        maxSessionDuration: step.maxSession,
      };
    case "iam:TagRole":
      return { call: "TagRole", roleName, tags: [{ key: step.key, value: step.value }] };
    case "iam:UntagRole":
      return { call: "UntagRole", roleName, tagKeys: [step.key] };
  }
}
