import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Step } from "@drift-guard/core/model/plan";
import type { Transition } from "@drift-guard/core/model/transition";
import { findReference } from "@drift-guard/core/reference/built-in";
import { isOver } from "./next-steps.ts";
import { formatStepCommand, quoteArgument } from "./steps.ts";

/** A command that a person can run, and what it is good for. */
export interface RemediationCommand {
  /** Ends a sentence that begins with "To": `put it back`. */
  readonly purpose: string;
  readonly command: string;
}

/**
 * What a person can run about an open finding, the looking before the acting; nothing where all is done.
 *
 * It knows the evidence and no more: a plan of the guard's own reads the role first and is made by the core.
 */
export function listRemediationCommands(transition: Transition): readonly RemediationCommand[] {
  const { finding } = transition;
  return finding.state === "open" && !isOver(transition) ? commandsFor(finding) : [];
}

function commandsFor(finding: Finding): readonly RemediationCommand[] {
  const { evidence } = finding;
  const role = finding.role.name;
  const look = {
    purpose: "see the role as it is now",
    command: `npx drift-guard check ${quoteArgument(role)}`,
  };
  switch (evidence.kind) {
    case "drift": {
      if (isServiceLinked(finding)) return [look];
      const step = rollbackStepOf(evidence, role);
      if (step) return [look, { purpose: "put it back by hand", command: formatStepCommand(step) }];
      return [look, ...(evidence.part.kind === "trust" ? trustCommands(finding) : [])];
    }
    case "undecided":
    case "note":
      return [look];
    case "vendor-change":
      return [];
    case "attempt":
    case "impersonation":
      return [
        {
          purpose: "see the call in CloudTrail",
          command: `aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=EventId,AttributeValue=${quoteArgument(evidence.changeId)}`,
        },
      ];
  }
}

function isServiceLinked({ arn, role }: Finding): boolean {
  return arn === undefined
    ? findReference(role.name)?.serviceLinked !== undefined
    : arn.includes(":role/aws-service-role/");
}

// Which trust is right stands in the owner's references before the built-in ones, and they are not known here.
function trustCommands({ role, reference }: Finding): readonly RemediationCommand[] {
  if (reference === undefined) return [];
  return [
    {
      purpose: "set its trust to what the reference says",
      command: `npx drift-guard reference show ${quoteArgument(reference)} --trust > trust.json && aws iam update-assume-role-policy --role-name ${quoteArgument(role.name)} --policy-document file://trust.json`,
    },
  ];
}

function rollbackStepOf(
  { part, side, denies, cure }: Extract<Evidence, { kind: "drift" }>,
  role: string,
): Step | undefined {
  const { kind, name } = part;
  const base = { role, part };
  if (cure !== undefined) {
    return { ...base, call: "iam:PutRolePolicy", policyName: "JobDefinitionNeeds", document: cure };
  }
  const takesAway = side === "missing" && denies.length > 0;
  if (kind === "managed" && side === "missing" && !takesAway) {
    return { ...base, call: "iam:AttachRolePolicy", policyArn: name };
  }
  if (kind === "managed" && side !== "altered") {
    return { ...base, call: "iam:DetachRolePolicy", policyArn: name };
  }
  if (kind === "inline" && side !== "altered") {
    return { ...base, call: "iam:DeleteRolePolicy", policyName: name };
  }
  return undefined;
}
