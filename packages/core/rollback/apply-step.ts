import { isSameTagKey } from "../model/part.ts";
import type { Step } from "../model/plan.ts";
import { type AttachedPolicy, type Role, seen, unseen } from "../model/role.ts";

/**
 * Returns the role as it is after a step, to check that nothing else changed it. A policy that the step attaches, or makes
 * the boundary, has the document that the role shows for it elsewhere, else an unobserved one.
 */
export function applyStep(role: Role, step: Step): Role {
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return role.attached.some(({ arn }) => arn === step.policyArn)
        ? role
        : { ...role, attached: [...role.attached, findPolicy(role, step.policyArn)] };
    case "iam:DetachRolePolicy":
      return { ...role, attached: role.attached.filter(({ arn }) => arn !== step.policyArn) };
    case "iam:PutRolePolicy":
      return {
        ...role,
        inline: [
          ...role.inline.filter(({ name }) => name !== step.policyName),
          { name: step.policyName, text: step.document },
        ],
      };
    case "iam:DeleteRolePolicy":
      return { ...role, inline: role.inline.filter(({ name }) => name !== step.policyName) };
    case "iam:UpdateAssumeRolePolicy":
      return { ...role, trust: step.document };
    case "iam:PutRolePermissionsBoundary":
      return { ...role, boundary: seen(findPolicy(role, step.policyArn)) };
    case "iam:DeleteRolePermissionsBoundary":
      return { ...role, boundary: seen(null) };
    case "iam:SetDefaultPolicyVersion":
      return withDefault(role, step.policyArn, seen({ id: step.versionId, text: step.document }));
    case "iam:CreatePolicyVersion":
      // IAM chooses the id.
      return withDefault(role, step.policyArn, seen({ id: "new", text: step.document }));
    case "iam:DeletePolicyVersion":
      return role;
    case "iam:UpdateRole":
      return { ...role, description: seen(step.description), maxSession: seen(step.maxSession) };
    case "iam:TagRole":
      return withTags(role, (tags) => [
        ...tags.filter(([key]) => !isSameTagKey(key, step.key)),
        [step.key, step.value],
      ]);
    case "iam:UntagRole":
      return withTags(role, (tags) => tags.filter(([key]) => !isSameTagKey(key, step.key)));
  }
}

function findPolicy({ attached, boundary }: Role, arn: string): AttachedPolicy {
  const bound = boundary.observed ? boundary.value : null;
  const known = [...attached, ...(bound ? [bound] : [])].find((policy) => policy.arn === arn);
  return known ?? { arn, version: unseen("It was not read after it was attached.") };
}

function withDefault(role: Role, arn: string, version: AttachedPolicy["version"]): Role {
  const { boundary } = role;
  return {
    ...role,
    attached: role.attached.map((policy) => (policy.arn === arn ? { arn, version } : policy)),
    boundary: boundary.observed && boundary.value?.arn === arn ? seen({ arn, version }) : boundary,
  };
}

type TagEntry = readonly [key: string, value: string];

function withTags(role: Role, change: (tags: readonly TagEntry[]) => readonly TagEntry[]): Role {
  return role.tags.observed
    ? { ...role, tags: seen(Object.fromEntries(change(Object.entries(role.tags.value)))) }
    : role;
}
