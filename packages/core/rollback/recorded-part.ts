import { managedPart, type Part } from "../model/part.ts";
import type { Step } from "../model/plan.ts";

/**
 * Returns the part that CloudTrail's record of a step's call names (`writtenPart`). The record of a call on a customer-managed
 * policy does not show whether a role has the policy attached or as its boundary.
 */
export function recordedPart(step: Step): Part {
  switch (step.call) {
    case "iam:CreatePolicyVersion":
    case "iam:SetDefaultPolicyVersion":
    case "iam:DeletePolicyVersion":
      return managedPart(step.policyArn);
    default:
      return step.part;
  }
}
