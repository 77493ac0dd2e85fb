import type { Actor } from "@drift-guard/core/model/actor";
import { lastSegment } from "@drift-guard/core/model/arn";
import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Fix } from "@drift-guard/core/model/fix";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import type { Standing } from "@drift-guard/core/rollback/standing";
import type { Announcement } from "./announcement.ts";
import { needsPerson } from "./next-steps.ts";
import { formatTime, truncate } from "./printable.ts";
import { findRoleArn, partitionOf } from "./role-arn.ts";
import { endSessions } from "./sessions.ts";
import { formatStep, formatStepCommands, quoteArgument } from "./steps.ts";

/** A shell command for a person, and its purpose. */
export interface RemediationCommand {
  /** Continues a sentence that begins with "To": `see the role as it is now`. */
  readonly purpose: string;
  /** One line. */
  readonly command: string;
}

/**
 * Returns the one command to run next; undefined if nothing is left to do. A command that changes the role is returned only
 * where the guard leaves the drift to a person, and only if it was tried on a copy of the role (core/fixes). Every other
 * command changes nothing, or nothing without a further option.
 */
export function findNextCommand({
  transition: { kind, at, finding },
  standing,
  stage,
}: Announcement): RemediationCommand | undefined {
  const guard = (purpose: string, words: string) =>
    stage === undefined
      ? readCommandOf(finding)
      : { purpose, command: `npx drift-guard ${words} --stage ${quoteArgument(stage)}` };
  if (kind === "sessions-found" && standing.kind !== "service-linked") {
    const end = endSessions(finding, at);
    if (end !== undefined) {
      const { command, issuedBefore } = end;
      const purpose = `end every session issued before ${formatTime(issuedBefore)}, those of running jobs too`;
      return { purpose, command };
    }
  }
  const id = quoteArgument(finding.id);
  switch (standing.kind) {
    case "resolved":
    case "closed":
    case "suppressed":
      return undefined;
    case "expiring":
      return standing.configured
        ? undefined
        : guard(
            "accept it for longer",
            `findings suppress ${id} --reason ${quoteArgument(truncate(standing.reason, 200))} --for 30d`,
          );
    case "report-only":
      return commandFor(finding);
    case "observed":
    case "service-linked":
    case "off":
      return fixCommandOf(finding);
    case "by-hand":
      return byHandCommandOf(finding, standing);
    case "undone":
    case "undoing":
    case "approved":
      return guard("see how far it is", `rollback status ${formatRole(finding)}`);
    case "approval":
      return guard("see the steps, and approve them with --yes at the end", `rollback approve ${id}`);
    case "observing":
      return guard("have drift-guard roll drift back from now on", "rollback enable");
    case "paused":
      return guard(
        "end the pause",
        standing.scope === "account" ? "rollback resume" : `rollback resume ${formatRole(finding)}`,
      );
    case "simulated":
    case "contested":
    case "seeking-author":
    case "window":
    case "refused":
      return guard("see what a rollback would do, and why it waits", `rollback plan ${id}`);
  }
}

/**
 * Returns the commands that may come after the next one: that which accepts a drift that is left to people if it was meant,
 * without the reason, so that it does nothing as it is pasted; in the observing phase, that which undoes this drift alone; and
 * for a drift that keeps returning, those which undo it before the next try and which end the pauses.
 */
export function listFurtherCommands({
  transition: { kind, finding },
  standing,
  stage,
}: Announcement): readonly RemediationCommand[] {
  if (stage === undefined || kind === "sessions-found") return [];
  if (finding.state !== "open" || finding.evidence.kind !== "drift") return [];
  const id = quoteArgument(finding.id);
  const place = `--stage ${quoteArgument(stage)}`;
  const isContested = standing.kind === "contested";
  return [
    ...(standing.kind === "observing"
      ? [
          {
            purpose: "see the steps that undo this alone, and approve them with --yes",
            command: `npx drift-guard rollback approve ${id} ${place}`,
          },
        ]
      : []),
    ...(isContested
      ? [
          {
            purpose: "print the commands that undo it now",
            command: `npx drift-guard check ${formatRole(finding)} --plan`,
          },
          {
            purpose: "have rollbacks begin at once again, when nothing sets it any more",
            command: `npx drift-guard rollback reset ${id} ${place}`,
          },
        ]
      : []),
    ...(needsPerson(standing) || isContested
      ? [
          {
            purpose: "accept it for 30 days if it was meant, with your reason after --reason",
            command: `npx drift-guard findings suppress ${id} ${place} --reason`,
          },
        ]
      : []),
  ];
}

/** The command that prints the commands that fix a role, for messages in which these have no room. */
export function planCommandOf(finding: Finding): RemediationCommand {
  return {
    purpose: "print the commands that fix it",
    command: `npx drift-guard check ${formatRole(finding)} --plan`,
  };
}

function readCommandOf(finding: Finding): RemediationCommand {
  return { purpose: "see the role as it is now", command: `npx drift-guard check ${formatRole(finding)}` };
}

/**
 * Returns a finding's role as an argument of the commands: its name, or its ARN where the name begins with a hyphen and would
 * be taken for an option.
 */
export function formatRole(finding: Finding): string {
  const { name } = finding.role;
  return quoteArgument(name.startsWith("-") ? findRoleArn(finding, partitionOf(finding)) : name);
}

function commandFor(finding: Finding): RemediationCommand | undefined {
  const { evidence } = finding;
  switch (evidence.kind) {
    case "drift":
      return fixCommandOf(finding);
    case "undecided":
    case "note":
      return readCommandOf(finding);
    case "vendor-change":
      // A reference that was composed from the role's duties has no name and no file.
      return finding.reference === undefined
        ? undefined
        : {
            purpose: "write AWS's version to a reference",
            command: `npx drift-guard reference refresh ${quoteArgument(finding.reference)} --write`,
          };
    case "attempt":
    case "impersonation":
      return lookUpCommandOf(finding, evidence);
  }
}

function lookUpCommandOf(
  finding: Finding,
  evidence: Extract<Evidence, { changeId: string }>,
): RemediationCommand {
  const user = evidence.kind === "attempt" && evidence.callers ? userNameOf(evidence.actor) : undefined;
  const lookUp = (key: string, value: string) =>
    `aws cloudtrail lookup-events --region ${iamRegionOf(partitionOf(finding))} --lookup-attributes ${quoteArgument(`AttributeKey=${key},AttributeValue=${value}`)}`;
  return user === undefined
    ? { purpose: "see the call in CloudTrail", command: lookUp("EventId", evidence.changeId) }
    : { purpose: "see what else they called, in CloudTrail", command: lookUp("Username", user) };
}

/** CloudTrail's name of a user or session (docs/aws-facts.md, "Event history"); undefined for what it does not look up. */
function userNameOf({ type, arn = "", session }: Actor): string | undefined {
  const name = type === "IAMUser" ? lastSegment(arn) : session;
  // A comma would end the value.
  return name !== undefined && /^[\w+=.@-]+$/.test(name) ? name : undefined;
}

function byHandCommandOf(
  finding: Finding,
  { because }: Extract<Standing, { kind: "by-hand" }>,
): RemediationCommand {
  switch (because) {
    case "role":
      return finding.evidence.kind === "drift" && finding.evidence.side === "missing"
        ? {
            purpose: "see the steps that create it, and carry them out with --yes",
            command: `npx drift-guard ensure ${formatRole(finding)}`,
          }
        : fixCommandOf(finding);
    case "deny":
      return readCommandOf(finding);
    case "profile":
    case "need":
    case "other":
      return fixCommandOf(finding);
  }
}

/** Returns the command of a fix of one step, else the one that prints its commands. */
function fixCommandOf(finding: Finding): RemediationCommand {
  const { evidence } = finding;
  if (evidence.kind !== "drift" || evidence.fix?.kind !== "steps") return readCommandOf(finding);
  const [only, ...others] = formatFix(evidence.fix, partitionOf(finding));
  return only !== undefined && others.length === 0 ? only : planCommandOf(finding);
}

/** Returns the commands of a fix in their order; none if one cannot be printed. */
function formatFix(
  { steps }: Extract<Fix, { kind: "steps" }>,
  partition: string,
): readonly RemediationCommand[] {
  const formatted = steps.map((step) => ({ step, commands: formatStepCommands(step, partition) }));
  if (formatted.some(({ commands }) => commands === undefined)) return [];
  return formatted.flatMap(({ step, commands = [] }) =>
    commands.map((command) => ({ purpose: `fix it, ${formatStep(step)}`, command })),
  );
}
