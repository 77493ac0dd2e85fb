import * as z from "zod";
import { digestCall } from "../model/call-digest.ts";
import { inlinePart, managedPart, partOf, tagPart } from "../model/part.ts";
import type { Step } from "../model/plan.ts";
import type { CloudTrailRecord } from "./cloudtrail.ts";

const OnRole = z.object({ roleName: z.string() });
const OnPolicy = z.object({ policyArn: z.string() });
const Managed = OnRole.extend({ policyArn: z.string() });
const Inline = OnRole.extend({ policyName: z.string() });
const Trust = OnRole.extend({ policyDocument: z.string() });

/**
 * Returns the digest of a call's parameters (`digestCall`); undefined if a rollback makes no such call, or if the record
 * does not show all of its parameters.
 */
export function digestRollbackCall({ eventName, requestParameters }: CloudTrailRecord): string | undefined {
  const step = readStep(eventName, requestParameters ?? {});
  return step && digestCall(step);
}

/** Reads the parameters of a call as the step that makes it. */
function readStep(eventName: string, parameters: Readonly<Record<string, unknown>>): Step | undefined {
  const as = <T>(shape: z.ZodType<T>, toStep: (value: T) => Step): Step | undefined => {
    const parsed = shape.safeParse(parameters);
    return parsed.success ? toStep(parsed.data) : undefined;
  };
  switch (eventName) {
    case "AttachRolePolicy":
    case "DetachRolePolicy":
      return as(Managed, ({ roleName: role, policyArn }) => ({
        call: `iam:${eventName}`,
        role,
        part: managedPart(policyArn),
        policyArn,
      }));
    case "PutRolePolicy":
      return as(Inline.extend({ policyDocument: z.string() }), (value) => ({
        call: "iam:PutRolePolicy",
        role: value.roleName,
        part: inlinePart(value.policyName),
        policyName: value.policyName,
        document: value.policyDocument,
      }));
    case "DeleteRolePolicy":
      return as(Inline, ({ roleName: role, policyName }) => ({
        call: "iam:DeleteRolePolicy",
        role,
        part: inlinePart(policyName),
        policyName,
      }));
    case "UpdateAssumeRolePolicy":
      return as(Trust, ({ roleName: role, policyDocument: document }) => ({
        call: "iam:UpdateAssumeRolePolicy",
        role,
        part: partOf("trust"),
        document,
      }));
    case "PutRolePermissionsBoundary":
      return as(OnRole.extend({ permissionsBoundary: z.string() }), (value) => ({
        call: "iam:PutRolePermissionsBoundary",
        role: value.roleName,
        part: partOf("boundary"),
        policyArn: value.permissionsBoundary,
      }));
    case "DeleteRolePermissionsBoundary":
      return as(OnRole, ({ roleName: role }) => ({
        call: "iam:DeleteRolePermissionsBoundary",
        role,
        part: partOf("boundary"),
      }));
    case "SetDefaultPolicyVersion":
    case "DeletePolicyVersion":
      return as(OnPolicy.extend({ versionId: z.string() }), ({ policyArn, versionId }) => {
        const base = { role: "", part: managedPart(policyArn), policyArn, versionId };
        return eventName === "DeletePolicyVersion"
          ? { ...base, call: "iam:DeletePolicyVersion" }
          : { ...base, call: "iam:SetDefaultPolicyVersion", document: "" };
      });
    case "CreatePolicyVersion":
      return as(OnPolicy.extend({ policyDocument: z.string() }), ({ policyArn, policyDocument }) => ({
        call: "iam:CreatePolicyVersion",
        role: "",
        part: managedPart(policyArn),
        policyArn,
        document: policyDocument,
      }));
    case "UpdateRole":
      return as(OnRole.extend({ description: z.string(), maxSessionDuration: z.number() }), (value) => ({
        call: "iam:UpdateRole",
        role: value.roleName,
        part: partOf("description"),
        description: value.description,
        maxSession: value.maxSessionDuration,
      }));
    case "TagRole":
      return as(
        OnRole.extend({ tags: z.tuple([z.object({ key: z.string(), value: z.string() })]) }),
        ({ roleName: role, tags: [{ key, value }] }) => ({
          call: "iam:TagRole",
          role,
          part: tagPart(key),
          key,
          value,
        }),
      );
    case "UntagRole":
      return as(OnRole.extend({ tagKeys: z.tuple([z.string()]) }), ({ roleName: role, tagKeys: [key] }) => ({
        call: "iam:UntagRole",
        role,
        part: tagPart(key),
        key,
      }));
    default:
      return undefined;
  }
}
