import {
  AttachRolePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  type IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  SetDefaultPolicyVersionCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import type { Step } from "@drift-guard/core/model/plan";
import type { RoleWriter, StepTrace } from "@drift-guard/core/ports";
import { runStepCall } from "./step-failure.ts";

/**
 * Creates a writer of roles. `apply` makes the one IAM call that the step names and returns its request id. Throws
 * `StepRefusedError` with IAM's code if IAM refuses the call: the role is then unchanged. Throws `StepUnansweredError` if
 * it is unknown whether IAM carried the call out.
 */
export function createRoleWriter(client: IAMClient): RoleWriter {
  return {
    apply: (step, trace) => {
      addTrace(client, trace);
      return runStepCall(step.call, step.role, sendStep(client, step));
    },
  };
}

// The SDK resolves the middleware of a call before `send` returns, so that calls at the same time have their own traces.
function addTrace({ middlewareStack }: IAMClient, { rollbackId, step }: StepTrace): void {
  const trace = `drift-guard/${rollbackId}#${step}`;
  middlewareStack.add(
    (next) => (input) => {
      const { request } = input;
      if (hasHeaders(request)) request.headers["user-agent"] = `${request.headers["user-agent"]} ${trace}`;
      return next(input);
    },
    { step: "finalizeRequest", priority: "high", name: "driftGuardTrace", override: true },
  );
}

function hasHeaders(request: unknown): request is { readonly headers: Record<string, string> } {
  return typeof request === "object" && request !== null && "headers" in request;
}

function sendStep(client: IAMClient, step: Step) {
  const RoleName = step.role;
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: step.policyArn }));
    case "iam:DetachRolePolicy":
      return client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn: step.policyArn }));
    case "iam:PutRolePolicy":
      return client.send(
        new PutRolePolicyCommand({
          RoleName,
          PolicyName: step.policyName,
          PolicyDocument: step.document,
        }),
      );
    case "iam:DeleteRolePolicy":
      return client.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: step.policyName }));
    case "iam:UpdateAssumeRolePolicy":
      return client.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: step.document }));
    case "iam:PutRolePermissionsBoundary":
      return client.send(
        new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: step.policyArn }),
      );
    case "iam:DeleteRolePermissionsBoundary":
      return client.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
    case "iam:SetDefaultPolicyVersion":
      return client.send(
        new SetDefaultPolicyVersionCommand({ PolicyArn: step.policyArn, VersionId: step.versionId }),
      );
    case "iam:CreatePolicyVersion":
      return client.send(
        new CreatePolicyVersionCommand({
          PolicyArn: step.policyArn,
          PolicyDocument: step.document,
          SetAsDefault: true,
        }),
      );
    case "iam:DeletePolicyVersion":
      return client.send(
        new DeletePolicyVersionCommand({ PolicyArn: step.policyArn, VersionId: step.versionId }),
      );
    case "iam:UpdateRole":
      return client.send(
        new UpdateRoleCommand({
          RoleName,
          Description: step.description,
          MaxSessionDuration: step.maxSession,
        }),
      );
    case "iam:TagRole":
      return client.send(new TagRoleCommand({ RoleName, Tags: [{ Key: step.key, Value: step.value }] }));
    case "iam:UntagRole":
      return client.send(new UntagRoleCommand({ RoleName, TagKeys: [step.key] }));
  }
}
