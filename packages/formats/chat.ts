import { type Announcement, listTransitionIds, messageIdOf } from "./announcement.ts";
import { formatCode, formatProse, joinWithin } from "./chat-text.ts";
import { findConsoleLinks } from "./console-links.ts";
import { describeTransition } from "./description.ts";
import { formatPart } from "./evidence.ts";
import {
  describeBefore,
  formatAuthor,
  formatCause,
  formatEnd,
  formatLead,
  formatNextSteps,
  isOver,
} from "./next-steps.ts";
import { sanitise } from "./printable.ts";
import {
  findNextCommand,
  listFurtherCommands,
  planCommandOf,
  type RemediationCommand,
} from "./remediation.ts";
import { findRoleArn } from "./role-arn.ts";
import { describeSimulation, describeUsage } from "./usage.ts";

/**
 * An announcement as JSON text in the schema of custom notifications of Amazon Q Developer in chat applications, the only
 * schema that it shows. Every transition of one finding goes to one thread.
 *
 * https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
export function formatChat(announcement: Announcement): string {
  const { transition, standing } = announcement;
  const { finding } = transition;
  const { role, evidence } = finding;
  const { title } = describeTransition(transition);
  const [, ...more] = formatNextSteps(announcement);
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    id: messageIdOf(announcement),
    content: {
      textType: "client-markdown",
      title: formatProse(`${formatLead(announcement)}: ${title}`, chatLimits.title),
      description: formatDescription(announcement),
      nextSteps: [...more.map((step) => formatProse(step, chatLimits.step)), ...formatCommand(announcement)],
      keywords: [finding.severity, evidence.kind, formatProse(sanitise(role.name), chatLimits.keyword)],
    },
    metadata: {
      threadId: finding.id,
      summary: formatProse(title, chatLimits.title),
      eventType: `drift-guard.${transition.kind}`,
      relatedResources: [findRoleArn(finding)],
      additionalContext: {
        findingId: finding.id,
        transitionId: transition.id,
        transitionIds: listTransitionIds(announcement).join(" "),
        account: sanitise(role.account),
        role: sanitise(role.name),
        part: formatPart(evidence.part),
        ...(evidence.kind === "drift" && { side: evidence.side }),
        state: finding.state,
        severity: finding.severity,
        standing: standing.kind,
      },
    },
  });
}

/** Most characters of the fields of a custom notification (docs/aws-facts.md, "SNS and chat"). */
export const chatLimits = { title: 250, description: 8000, step: 350, keyword: 75 };

function formatDescription(announcement: Announcement): string {
  const { transition } = announcement;
  const { finding, note } = transition;
  const { sentences, lists } = describeTransition(transition);
  const [first] = formatNextSteps(announcement);
  const links = findConsoleLinks(finding);
  const before = describeBefore(announcement);
  const end = formatEnd(transition);
  const prose = [
    ...(first === undefined ? [] : [first]),
    ...(note === undefined ? [] : [sanitise(note, 1000)]),
    ...(isOver(transition) ? [] : sentences),
  ];
  const paragraphs = [
    ...prose.map((text) => [formatProse(text, 1000)]),
    [
      `*Who* ${formatCode(formatAuthor(transition))}`,
      `*Cause* ${formatCode(formatCause(transition))}`,
      ...(end === undefined || transition.kind === "resolved" ? [] : [`*Ended* ${formatCode(end)}`]),
      `*Finding* ${formatCode(finding.id)}`,
      ...(links.role === undefined ? [] : [`*Role in the console* ${links.role}`]),
      ...(links.event === undefined ? [] : [`*Call in CloudTrail* ${links.event}`]),
    ],
    // The lists come last: a long one is cut.
    ...[
      ...(before.length === 0 ? [] : [{ heading: "Before that", lines: before }]),
      ...describeSimulation(transition),
      ...lists,
      ...describeUsage(transition),
    ].map(({ heading, lines }) => [`*${heading}*`, ...lines.map((line) => `• ${formatCode(line)}`)]),
  ];
  const lines = paragraphs.flatMap((paragraph, index) => (index === 0 ? paragraph : ["", ...paragraph]));
  return joinWithin(lines, chatLimits.description);
}

function formatCommand(announcement: Announcement): readonly string[] {
  const next = findNextCommand(announcement);
  if (next === undefined) return [];
  // A command that is cut or altered does something else, so that another command prints it.
  const shown = [next, planCommandOf(announcement.transition.finding)].flatMap(formatStep);
  const further = listFurtherCommands(announcement).flatMap(formatStep);
  return [...shown.slice(0, 1), ...further];
}

function formatStep({ purpose, command }: RemediationCommand): readonly string[] {
  const step = `${formatProse(`To ${purpose}`, chatLimits.step)}: ${formatCode(command)}`;
  return formatCode(command) === `\`${command}\`` && step.length <= chatLimits.step ? [step] : [];
}
