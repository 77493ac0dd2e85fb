import type { Finding } from "@drift-guard/core/model/finding";
import type { Fix } from "@drift-guard/core/model/fix";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import type { Transition } from "@drift-guard/core/model/transition";
import { isOver } from "./next-steps.ts";
import { findRoleArn, partitionOf } from "./role-arn.ts";
import { formatStep, formatStepCommands, quoteArgument } from "./steps.ts";

/** A shell command for a person, and its purpose. */
export interface RemediationCommand {
  /** Continues a sentence that begins with "To": `see the role as it is now`. */
  readonly purpose: string;
  /** One line. */
  readonly command: string;
}

/**
 * The commands for an open finding: first those that read, then those that change. Empty if nothing is left to do. Only
 * a fix that was tried on a copy of the role is printed (core/fixes).
 */
export function listRemediationCommands(transition: Transition): readonly RemediationCommand[] {
  const { finding } = transition;
  return finding.state === "open" && !isOver(transition) ? commandsFor(finding) : [];
}

/** The command that prints the commands that fix a role, for messages in which these have no room. */
export function planCommandOf(finding: Finding): RemediationCommand {
  return {
    purpose: "print the commands that fix it",
    command: `npx drift-guard check ${formatRole(finding)} --plan`,
  };
}

// A name that begins with a hyphen would be taken for an option, and `check` takes an ARN too.
function formatRole(finding: Finding): string {
  const { name } = finding.role;
  return quoteArgument(name.startsWith("-") ? findRoleArn(finding, partitionOf(finding)) : name);
}

function commandsFor(finding: Finding): readonly RemediationCommand[] {
  const { evidence } = finding;
  const readCommand = {
    purpose: "see the role as it is now",
    command: `npx drift-guard check ${formatRole(finding)}`,
  };
  switch (evidence.kind) {
    case "drift":
      return evidence.fix?.kind === "steps"
        ? [readCommand, ...(formatFix(evidence.fix, partitionOf(finding)) ?? [planCommandOf(finding)])]
        : [readCommand];
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

/** Returns the commands of a fix in their order; undefined if one cannot be printed. */
function formatFix(
  { steps }: Extract<Fix, { kind: "steps" }>,
  partition: string,
): readonly RemediationCommand[] | undefined {
  const formatted = steps.map((step) => ({ step, commands: formatStepCommands(step, partition) }));
  if (formatted.some(({ commands }) => commands === undefined)) return undefined;
  return formatted.flatMap(({ step, commands = [] }) =>
    commands.map((command) => ({ purpose: `fix it, ${formatStep(step)}`, command })),
  );
}
