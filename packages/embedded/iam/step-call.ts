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
  }
}
