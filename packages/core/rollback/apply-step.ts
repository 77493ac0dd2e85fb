import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";

/** The role as it is after a step, for recognising that nothing but the step has moved it. */
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

/** The role as a rollback's before-state keeps it: managed documents, which no step alters, are left out for their size. */
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
