import { lastSegment, parseIamArn } from "@drift-guard/core/model/arn";
import type { IamCall, IamResult } from "./call.ts";
import type { IamState } from "./state.ts";

/**
 * Describes a successful answer as the `responseElements` of CloudTrail's record; null if the answer has no members
 * (docs/aws-facts.md, "CloudTrail records").
 */
export function describeResponse(
  state: IamState,
  call: IamCall,
  result: IamResult,
): Readonly<Record<string, unknown>> | null {
  const createDate = formatAnswerDate(state.clock.now());
  switch (result.kind) {
    case "nothing":
      return null;
    case "deletion":
      return { deletionTaskId: result.taskId };
    case "version":
      return {
        policyVersion: {
          versionId: result.versionId,
          isDefaultVersion: call.call === "CreatePolicyVersion" && call.setAsDefault === true,
          createDate,
        },
      };
    case "policy":
      return {
        policy: {
          policyName: lastSegment(result.arn),
          policyId: result.id,
          arn: result.arn,
          path: pathOf(result.arn),
          defaultVersionId: "v1",
          attachmentCount: 0,
          permissionsBoundaryUsageCount: 0,
          isAttachable: true,
          createDate,
          updateDate: createDate,
        },
      };
    case "profile":
      return {
        instanceProfile: {
          path: pathOf(result.arn),
          instanceProfileName: lastSegment(result.arn),
          instanceProfileId: result.id,
          arn: result.arn,
          createDate,
          roles: [],
        },
      };
    case "role":
      return {
        role: {
          path: pathOf(result.arn),
          roleName: result.name,
          roleId: result.id,
          arn: result.arn,
          createDate,
          assumeRolePolicyDocument: encodeURIComponent(trustOf(call)),
        },
      };
  }
}

function trustOf(call: IamCall): string {
  if (call.call === "CreateRole") return call.assumeRolePolicyDocument;
  if (call.call !== "CreateServiceLinkedRole") return "";
  // The answer has lists where GetRole returns single values (docs/aws-facts.md, "CloudTrail records").
  const statement = {
    Action: ["sts:AssumeRole"],
    Effect: "Allow",
    Principal: { Service: [call.awsServiceName] },
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

const dates = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

// With a narrow no-break space before AM and PM (docs/aws-facts.md, "CloudTrail records").
function formatAnswerDate(time: Date): string {
  return dates.format(time).replace(/\s(?=[AP]M$)/, "\u202f");
}

function pathOf(arn: string): string {
  return parseIamArn(arn)?.path ?? "/";
}
