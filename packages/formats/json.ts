import { type Announcement, listTransitionIds, messageIdOf } from "./announcement.ts";
import { findConsoleLinks } from "./console-links.ts";
import { describeTransition } from "./description.ts";
import { formatAuthor, formatCause, formatEnd, formatNextSteps } from "./next-steps.ts";
import { sanitise } from "./printable.ts";
import { findNextCommand } from "./remediation.ts";
import { findRoleArn, partitionOf } from "./role-arn.ts";
import { describeUsage } from "./usage.ts";

/**
 * An announcement as one line of JSON, for programs that get messages of the topic (functions of Lambda, streams of Amazon
 * Data Firehose): what a message says, in fields. It has at most 64 KB: long texts are cut, and of each list are the first entries, with a count of the others. The event on the guard's
 * bus has the whole transition (docs/schemas/transition.schema.json).
 */
export function formatJson(announcement: Announcement): string {
  const { transition, standing } = announcement;
  const { finding } = transition;
  const { evidence, role } = finding;
  const { title, sentences, lists } = describeTransition(transition);
  const command = findNextCommand(announcement);
  const end = formatEnd(transition);
  return JSON.stringify({
    schema: 1,
    id: messageIdOf(announcement),
    transitions: listTransitionIds(announcement),
    at: transition.at,
    kind: transition.kind,
    finding: sanitise(finding.id),
    state: finding.state,
    severity: finding.severity,
    role: {
      account: sanitise(role.account),
      name: sanitise(role.name),
      arn: findRoleArn(finding, partitionOf(finding)),
    },
    evidence: evidence.kind,
    part: sanitise(evidence.part.toString(), 400),
    ...(evidence.kind === "drift" && { side: evidence.side }),
    title,
    meaning: sentences,
    lists: [...lists, ...describeUsage(transition)].map(({ heading, lines }) => ({
      heading,
      lines: lines.map((line) => sanitise(line, 1000)),
    })),
    actor: formatAuthor(transition),
    cause: formatCause(transition),
    ...(end !== undefined && { ended: end }),
    links: findConsoleLinks(finding),
    ...(transition.note !== undefined && { note: sanitise(transition.note, 2000) }),
    standing: standing.kind,
    next: formatNextSteps(announcement),
    // A command that is cut does something else.
    ...(command !== undefined && command.command.length <= maxCommand && { command: command.command }),
  });
}

const maxCommand = 20_000;
