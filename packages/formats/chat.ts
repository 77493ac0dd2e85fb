import type { Announcement } from "./announcement.ts";
import { describeEvidence, formatPart } from "./evidence.ts";
import { formatAuthor, formatCause, formatHeadline, formatNextSteps, isOver } from "./next-steps.ts";
import { defang, sanitise } from "./printable.ts";
import { findNextCommand, planCommandOf } from "./remediation.ts";
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
  const { finding, note } = transition;
  const { role, evidence } = finding;
  const { title, sentences, lists } = describeEvidence(evidence, role.name, finding.reference);
  const [first, ...more] = formatNextSteps(announcement);
  const description = [
    ...(first === undefined ? [] : [formatProse(first)]),
    ...(note === undefined ? [] : [formatProse(sanitise(note, 1000))]),
    ...(isOver(transition) ? [] : sentences.map(formatProse)),
    ...[...describeSimulation(transition), ...lists, ...describeUsage(finding)].map(({ heading, lines }) =>
      [`*${heading}*`, ...lines.map((line) => `• ${formatCode(line)}`)].join("\n"),
    ),
    [
      `*Who* ${formatCode(formatAuthor(transition))}`,
      `*Cause* ${formatCode(formatCause(transition))}`,
      `*Finding* ${formatCode(finding.id)}`,
    ].join("\n"),
  ];
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    id: transition.id,
    content: {
      textType: "client-markdown",
      title: formatProse(`${finding.severity}, ${formatHeadline(announcement)}: ${title}`),
      description: description.join("\n\n"),
      nextSteps: [...more.map(formatProse), ...formatCommand(announcement)],
      keywords: [finding.severity, evidence.kind, sanitise(role.name)],
    },
    metadata: {
      threadId: finding.id,
      summary: formatProse(title),
      eventType: `drift-guard.${transition.kind}`,
      relatedResources: [findRoleArn(finding)],
      additionalContext: {
        findingId: finding.id,
        transitionId: transition.id,
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

function formatCommand(announcement: Announcement): readonly string[] {
  const next = findNextCommand(announcement);
  if (next === undefined) return [];
  // A command that is cut or altered does something else, so that another command prints it.
  const isWhole = formatCode(next.command) === `\`${next.command}\``;
  const { purpose, command } = isWhole ? next : planCommandOf(announcement.transition.finding);
  return [`${formatProse(`To ${purpose}`)}: ${formatCode(command)}`];
}

// Text from outside may contain mentions (<!channel>, @here), links or emphasis. Slack has no escape character, so such
// text goes into a code span, without the backtick that would end it.
function formatCode(text: string): string {
  return `\`${replaceMarkup(sanitise(text, 1000))}\``;
}

// For the guard's own sentences, which may contain names from outside: prevents links and mentions.
function formatProse(text: string): string {
  return defang(replaceMarkup(text).replaceAll("[", "(").replaceAll("]", ")")).replace(/@(?=\w)/g, "@\u2060");
}

function replaceMarkup(text: string): string {
  return text.replaceAll("`", "'").replaceAll("<", "‹").replaceAll(">", "›");
}
