import type { Step } from "@drift-guard/core/model/plan";
import { sanitise } from "./printable.ts";

/** A step of a plan in words: `attach arn:aws:iam::aws:policy/… to AWSBatchServiceRole`. */
export function formatStep(step: Step): string {
  const role = sanitise(step.role);
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return `attach ${sanitise(step.policyArn)} to ${role}`;
    case "iam:DetachRolePolicy":
      return `detach ${sanitise(step.policyArn)} from ${role}`;
    case "iam:PutRolePolicy":
      return `put the inline policy ${sanitise(step.policyName)} on ${role}`;
    case "iam:DeleteRolePolicy":
      return `delete the inline policy ${sanitise(step.policyName)} of ${role}`;
    case "iam:UpdateAssumeRolePolicy":
      return `replace the trust of ${role}`;
  }
}

/** A step as an AWS CLI command on one line, with every argument quoted for a POSIX shell. */
export function formatStepCommand(step: Step): string {
  const role = `--role-name ${quoteArgument(step.role)}`;
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return `aws iam attach-role-policy ${role} --policy-arn ${quoteArgument(step.policyArn)}`;
    case "iam:DetachRolePolicy":
      return `aws iam detach-role-policy ${role} --policy-arn ${quoteArgument(step.policyArn)}`;
    case "iam:PutRolePolicy":
      return `aws iam put-role-policy ${role} --policy-name ${quoteArgument(step.policyName)} --policy-document ${quoteArgument(step.document)}`;
    case "iam:DeleteRolePolicy":
      return `aws iam delete-role-policy ${role} --policy-name ${quoteArgument(step.policyName)}`;
    case "iam:UpdateAssumeRolePolicy":
      return `aws iam update-assume-role-policy ${role} --policy-document ${quoteArgument(step.document)}`;
  }
}

/** Quotes one argument for a POSIX shell. A newline would end a pasted command, so it is escaped. */
export function quoteArgument(argument: string): string {
  const shown = sanitise(argument, 10_000);
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}
