import { deniesAdded } from "../model/evidence.ts";
import type { FixStep } from "../model/fix.ts";
import type { Role } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import { attach, isOpen, leaveToOwner, manual, type Proposal, type ProposalQuestion } from "./proposal.ts";
import { denyWarning, warn, warnOfNeeds } from "./warnings.ts";

/** Returns what may fix the drift at a managed policy of a role. */
export function proposeManaged(question: ProposalQuestion, role: Role, arn: string): Proposal {
  const { drift, samePart, watched } = question;
  const { attachments, retired } = localiseReference(watched.reference, role.partition);
  const base = { role: role.name, part: drift.part };
  const isAttached = role.attached.some((policy) => policy.arn === arn);
  if (!isAttached) {
    // IAM attaches the policy of a service-linked role to nothing else.
    if (arn.includes(":policy/aws-service-role/")) {
      return manual(
        `IAM attaches ${arn} to a service-linked role only. Let the service's own role do this work, or correct the reference.`,
      );
    }
    return {
      candidates: [{ steps: [{ ...base, call: "iam:AttachRolePolicy", policyArn: arn }] }],
      otherwise: `Attaching ${arn} alone does not fix it: compare the policy's document with the reference.`,
    };
  }
  if (attachments.some((attachment) => attachment.arn === arn)) {
    return manual(
      `The reference requires ${arn}, and its document was changed. All roles that have it attached share it: look at its versions (aws iam list-policy-versions), and set the version that equals the reference as default.`,
    );
  }
  const isRetired = retired.some((policy) => policy.arn === arn);
  if (drift.side === "excess" && !isRetired && isOpen(question)) return leaveToOwner(question);
  const detach: FixStep = { ...base, call: "iam:DetachRolePolicy", policyArn: arn };
  // A retired policy stays until its replacement is attached (2.2).
  const replacements = isRetired
    ? attachments
        .filter((attachment) => !role.attached.some((policy) => policy.arn === attachment.arn))
        .map((attachment) => attach(role, attachment.arn))
    : [];
  return {
    candidates: [
      {
        steps: [...replacements, detach],
        ...warn([
          ...(samePart.some((one) => deniesAdded(one).length > 0) ? [denyWarning] : []),
          ...warnOfNeeds(question),
        ]),
      },
    ],
    otherwise: `Detaching ${arn} would take something away that the role needs. Attach or write a policy with what is needed first, and check again.`,
  };
}
