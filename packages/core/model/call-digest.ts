import { canonicalText } from "@drift-guard/policy/canonical";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { digestOf } from "./identity.ts";
import type { Step } from "./plan.ts";

/**
 * Returns a digest of a step's call and its exact parameters, to recognise CloudTrail's record of it. Documents that mean
 * the same have the same digest: CloudTrail may show another spelling than the call had.
 */
export function digestCall(step: Step): string {
  return digestOf(listParameters(step));
}

function listParameters(step: Step): readonly (string | number)[] {
  const { call, role } = step;
  // IAM compares role names without case.
  const name = role.toLowerCase();
  switch (step.call) {
    case "iam:AttachRolePolicy":
    case "iam:DetachRolePolicy":
    case "iam:PutRolePermissionsBoundary":
      return [call, name, step.policyArn];
    case "iam:PutRolePolicy":
      return [call, name, step.policyName, canonicalise(step.document)];
    case "iam:DeleteRolePolicy":
      return [call, name, step.policyName];
    case "iam:UpdateAssumeRolePolicy":
      return [call, name, canonicalise(step.document)];
    case "iam:DeleteRolePermissionsBoundary":
      return [call, name];
    case "iam:SetDefaultPolicyVersion":
    case "iam:DeletePolicyVersion":
      return [call, step.policyArn, step.versionId];
    case "iam:CreatePolicyVersion":
      return [call, step.policyArn, canonicalise(step.document)];
    case "iam:UpdateRole":
      return [call, name, step.description, step.maxSession];
    case "iam:TagRole":
      return [call, name, step.key, step.value];
    case "iam:UntagRole":
      return [call, name, step.key];
  }
}

function canonicalise(text: string): string {
  try {
    return canonicalText(parsePolicy(text));
  } catch (error) {
    if (error instanceof PolicySyntaxError) return text;
    throw error;
  }
}
