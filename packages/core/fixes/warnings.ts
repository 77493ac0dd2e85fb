import { matchesAction } from "../evaluate/action-pattern.ts";
import type { ProposalQuestion } from "./proposal.ts";

/** The warning before a Deny is removed. */
export const denyWarning =
  "It removes a Deny, which may contain an incident. Ask the person who added it before you run this.";

/** The actions that the needs of job definitions consist of. */
export const needActions = [
  "secretsmanager:GetSecretValue",
  "ssm:GetParameters",
  "kms:Decrypt",
  "logs:CreateLogGroup",
];

// Cap on the output: more is noise.
const maxUnknownNeeds = 3;

/** Returns the warning before excess is removed that job definitions may need, if their needs are not all known (R45, R46). */
export function warnOfNeeds({ drift, usesUnknown, unknownNeeds }: ProposalQuestion): readonly string[] {
  const mayBeNeeded = drift.grants.some(({ actions }) =>
    actions.some((pattern) => needActions.some((action) => matchesAction(pattern, action))),
  );
  if (!mayBeNeeded || !(usesUnknown || unknownNeeds.length > 0)) return [];
  const why = usesUnknown ? ["AWS Batch was not read completely."] : unknownNeeds.slice(0, maxUnknownNeeds);
  return [
    ...why,
    "Job definitions that need these secrets, parameters, keys or log groups stop working: find out whether there are any before you run this.",
  ];
}

/** Returns the warning that a fix of missing permissions may not hold all of them. */
export function warnOfUnknownNeeds({ unknownNeeds }: ProposalQuestion): readonly string[] {
  return unknownNeeds.length === 0
    ? []
    : [
        "These commands may not be enough, because it is unknown what else the role must allow.",
        ...unknownNeeds.slice(0, maxUnknownNeeds),
      ];
}

/** Returns warnings as a member of a candidate; nothing if there are none. */
export function warn(warnings: readonly string[]): { readonly warning?: string } {
  return warnings.length === 0 ? {} : { warning: warnings.join(" ") };
}
