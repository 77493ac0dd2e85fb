import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";

/** Returns the role as it is after a step, to check that nothing else changed it. */
export function applyStep(role: Role, step: Step): Role {
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return role.attached.some(({ arn }) => arn === step.policyArn)
        ? role
        : {
            ...role,
            attached: [
              ...role.attached,
              { arn: step.policyArn, version: { observed: false, why: "just attached" } },
            ],
          };
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
  }
}

/** Returns the role as recorded before a rollback, without the documents of managed policies: they are large, and no step changes them. */
export function recordRole(role: Role): Role {
  const version = { observed: false, why: "A before-state keeps no managed documents." } as const;
  const { boundary } = role;
  return {
    ...role,
    attached: role.attached.map(({ arn }) => ({ arn, version })),
    boundary:
      boundary.observed && boundary.value
        ? { observed: true, value: { arn: boundary.value.arn, version } }
        : boundary,
  };
}
