import { deniesAdded } from "../model/evidence.ts";
import type { FixStep } from "../model/fix.ts";
import type { Role } from "../model/role.ts";
import { keepEffect, keepStatements, readDocument } from "../policy-json.ts";
import { isOpen, leaveToOwner, manual, type Proposal, type ProposalQuestion } from "./proposal.ts";
import { denyWarning, warn, warnOfNeeds } from "./warnings.ts";

/** Returns what may fix the drift at an inline policy of a role. */
export function proposeInline(question: ProposalQuestion, role: Role, name: string): Proposal {
  const { drift, samePart } = question;
  const base = { role: role.name, part: drift.part, policyName: name };
  const text = role.inline.find((policy) => policy.name === name)?.text;
  if (text === undefined) return manual("Put the policy back with the document that it had.");
  if (drift.side === "excess" && isOpen(question)) return leaveToOwner(question);
  const hasDeny = samePart.some((one) => deniesAdded(one).length > 0);
  const hasExcess = samePart.some(({ side }) => side === "excess");
  const remove: FixStep = { ...base, call: "iam:DeleteRolePolicy" };
  // IAM takes no policy without statements.
  const write = (document: string): FixStep =>
    readDocument(document).Statement.length === 0 ? remove : { ...base, call: "iam:PutRolePolicy", document };
  const otherwise = `Removing it from ${name} would take something away that the role needs. Write what is needed into another policy first, and check again.`;
  if (drift.side === "excess") {
    const given = new Set(
      drift.grants.flatMap(({ statements }) =>
        statements.filter(({ document }) => document === 0).map(({ statement }) => statement),
      ),
    );
    const warning = warn(warnOfNeeds(question));
    return {
      candidates: [
        { steps: [write(keepStatements(text, (_, index) => !given.has(index)))], ...warning },
        // A Deny may contain an incident, so that it stays.
        { steps: [hasDeny ? write(keepEffect(text, "Deny")) : remove], ...warning },
      ],
      otherwise,
    };
  }
  return hasExcess
    ? manual(
        `${name} also allows too much, and its Deny may contain an incident. Fix the excess first, ask the person who added the Deny, and check again.`,
      )
    : {
        candidates: [
          { steps: [write(keepEffect(text, "Allow"))], warning: denyWarning },
          // Its Allows may be too much once the Deny is gone.
          { steps: [remove], warning: denyWarning },
        ],
        otherwise,
      };
}
