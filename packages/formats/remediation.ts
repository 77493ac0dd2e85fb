import { needsPolicyName } from "@drift-guard/core/evaluate/needs-policy";
import { deniesAdded, type Evidence } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import type { Step } from "@drift-guard/core/model/plan";
import type { Transition } from "@drift-guard/core/model/transition";
import { findReference } from "@drift-guard/core/reference/built-in";
import { isOver } from "./next-steps.ts";
import { partitionOf } from "./role-arn.ts";
import { formatStepCommand, quoteArgument } from "./steps.ts";

/** A shell command for a person, and its purpose. */
export interface RemediationCommand {
  /** Continues a sentence that begins with "To": `see the role as it is now`. */
  readonly purpose: string;
  readonly command: string;
}

/**
 * The commands for an open finding: first those that read, then those that change. Empty if nothing is left to do.
 *
 * They are derived from the evidence alone. The guard's own plans read the role first (core/rollback).
 */
export function listRemediationCommands(transition: Transition): readonly RemediationCommand[] {
  const { finding } = transition;
  return finding.state === "open" && !isOver(transition) ? commandsFor(finding) : [];
}

function commandsFor(finding: Finding): readonly RemediationCommand[] {
  const { evidence } = finding;
  const role = finding.role.name;
  const readCommand = {
    purpose: "see the role as it is now",
    command: `npx drift-guard check ${quoteArgument(role)}`,
  };
  switch (evidence.kind) {
    case "drift": {
      if (isServiceLinked(finding)) return [readCommand];
      const step = rollbackStepOf(evidence, role);
      if (step) return [readCommand, { purpose: "put it back by hand", command: formatStepCommand(step) }];
      return [readCommand, ...(evidence.part.kind === "trust" ? trustCommands(finding) : [])];
    }
    case "undecided":
    case "note":
      return [readCommand];
    case "vendor-change":
      // A reference that was composed from the role's duties has no name and no file.
      return finding.reference === undefined
        ? []
        : [
            {
              purpose: "write AWS's version to a reference",
              command: `npx drift-guard reference refresh ${quoteArgument(finding.reference)} --write`,
            },
          ];
    case "attempt":
    case "impersonation":
      return [
        {
          purpose: "see the call in CloudTrail",
          command: `aws cloudtrail lookup-events --region ${iamRegionOf(partitionOf(finding))} --lookup-attributes AttributeKey=EventId,AttributeValue=${quoteArgument(evidence.changeId)}`,
        },
      ];
  }
}

function isServiceLinked({ arn, role }: Finding): boolean {
  return arn === undefined
    ? findReference(role.name)?.serviceLinked !== undefined
    : arn.includes(":role/aws-service-role/");
}

// The owner's references are not known here, so the command asks the command line for the trust policy.
function trustCommands(finding: Finding): readonly RemediationCommand[] {
  const { role, reference } = finding;
  if (reference === undefined) return [];
  const partition = partitionOf(finding);
  const option = partition === "aws" ? "" : ` --partition ${quoteArgument(partition)}`;
  return [
    {
      purpose: "set its trust to what the reference says",
      command: `npx drift-guard reference show ${quoteArgument(reference)} --trust${option} > trust.json && aws iam update-assume-role-policy --role-name ${quoteArgument(role.name)} --policy-document file://trust.json`,
    },
  ];
}

function rollbackStepOf(drift: Extract<Evidence, { kind: "drift" }>, role: string): Step | undefined {
  const { part, side, cure } = drift;
  const { kind, name } = part;
  const base = { role, part };
  if (cure !== undefined) {
    return { ...base, call: "iam:PutRolePolicy", policyName: needsPolicyName, document: cure };
  }
  const addsDeny = deniesAdded(drift).length > 0;
  if (kind === "managed" && side === "missing" && !addsDeny) {
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
