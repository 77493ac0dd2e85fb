import { type Role, sameRoleName } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import { repairSetting } from "../rollback/settings-repair.ts";
import { isOneLine, manual, type Proposal, type ProposalQuestion } from "./proposal.ts";

/** Returns what may fix the permissions boundary of a role. */
export function proposeBoundary({ drift: { part }, watched }: ProposalQuestion, role: Role): Proposal {
  const { boundary } = localiseReference(watched.reference, role.partition);
  const live = role.boundary.observed ? role.boundary.value : null;
  const base = { role: role.name, part };
  if (typeof boundary !== "object") {
    return {
      candidates: [
        {
          steps: [{ ...base, call: "iam:DeleteRolePermissionsBoundary" }],
          warning:
            "The boundary may contain an incident, or be required by your organisation. Ask the person who set it before you run this.",
        },
      ],
      otherwise:
        "Removing the permissions boundary would let the role do more than its reference allows. Fix what is excess first, and check again.",
    };
  }
  const { arn } = boundary;
  if (live?.arn === arn) {
    return manual(
      `The reference requires the permissions boundary ${arn}, and its document was changed. All roles that have this boundary share it: look at its versions (aws iam list-policy-versions), and set the version that equals the reference as default.`,
    );
  }
  return {
    candidates: [
      {
        steps: [{ ...base, call: "iam:PutRolePermissionsBoundary", policyArn: arn }],
        ...(live !== null && {
          warning: `It replaces the boundary ${live.arn}, which may contain an incident. Ask the person who set it before you run this.`,
        }),
      },
    ],
    otherwise: `The role would still differ with the permissions boundary ${arn}. Compare the policy's document with the reference.`,
  };
}

/** Returns what may fix the description, the maximum session duration or a tag of a role. */
export function proposeSetting({ drift: { part }, watched }: ProposalQuestion, role: Role): Proposal {
  const step = repairSetting(part, role, watched.reference);
  const isPrintable = step?.call !== "iam:UpdateRole" || isOneLine(step.description);
  return {
    candidates: step && isPrintable ? [{ steps: [step] }] : [],
    otherwise: "Set description, maximum session duration and tags of the role as in its reference, by hand.",
  };
}

/** Returns what may fix a role that its instance profile does not hold. */
export function proposeProfile({ watched }: ProposalQuestion, role: Role): Proposal {
  const { guarded, reference } = watched;
  const wanted = guarded.profile ?? reference.profile;
  if (wanted === undefined) return manual("Name the role's instance profile in the configuration.");
  const profile = guarded.profile === undefined && sameRoleName(wanted, reference.role) ? role.name : wanted;
  return {
    candidates: [{ steps: [{ role: role.name, call: "iam:AddRoleToInstanceProfile", profile }] }],
    otherwise: `Add ${role.name} to the instance profile ${profile} by hand.`,
  };
}
