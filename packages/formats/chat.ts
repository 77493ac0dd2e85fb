import type { Transition } from "@drift-guard/core/model/transition";
import { findRoleArn } from "./arns.ts";
import { describeEvidence, formatPart } from "./evidence.ts";
import { formatAuthor, formatCause, formatNextSteps, formatTransitionKind, isOver } from "./next-steps.ts";
import { sanitise } from "./printable.ts";
import { listRemediationCommands } from "./remediation.ts";
import { describeUsage } from "./usage.ts";

/**
 * A transition as JSON text in the schema of custom notifications of Amazon Q Developer in chat applications, which
 * shows no other message; every transition of one finding goes to one thread.
 *
 * https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
export function formatChat(transition: Transition): string {
  const { finding, note } = transition;
  const { role, evidence } = finding;
  const { title, sentences, lists } = describeEvidence(evidence, role.name, finding.reference);
  const description = [
    ...(note === undefined ? [] : [prose(sanitise(note, 1000))]),
    ...(isOver(transition) ? [] : sentences.map(prose)),
    ...[...lists, ...describeUsage(finding)].map(({ heading, lines }) =>
      [`*${heading}*`, ...lines.map((line) => `• ${code(line)}`)].join("\n"),
    ),
    [
      `*Who* ${code(formatAuthor(transition))}`,
      `*Cause* ${code(formatCause(transition.cause))}`,
      `*Finding* ${code(finding.id)}`,
    ].join("\n"),
  ];
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    id: transition.id,
    content: {
      textType: "client-markdown",
      title: prose(`${finding.severity}, ${formatTransitionKind(transition.kind)}: ${title}`),
      description: description.join("\n\n"),
      nextSteps: nextStepsOf(transition),
      keywords: [finding.severity, evidence.kind, sanitise(role.name)],
    },
    metadata: {
      threadId: finding.id,
      summary: prose(title),
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
      },
    },
  });
}

function nextStepsOf(transition: Transition): readonly string[] {
  return [
    ...formatNextSteps(transition).map(prose),
    ...listRemediationCommands(transition).map(({ purpose, command }) => `To ${purpose}: ${code(command)}`),
  ];
}

// Foreign text may hold what a chat acts on: mentions (<!channel>, @here), links, emphasis. Slack knows no escape
// character, so such text stands in a code span, without the backtick that would end it.
function code(text: string): string {
  return `\`${harmless(sanitise(text, 1000))}\``;
}

// Sentences of ours with foreign names in them: no link can be made of them.
function prose(text: string): string {
  return harmless(text)
    .replaceAll("[", "(")
    .replaceAll("]", ")")
    .replaceAll("://", "[:]//")
    .replace(/@(?=\w)/g, "@\u2060");
}

function harmless(text: string): string {
  return text.replaceAll("`", "'").replaceAll("<", "‹").replaceAll(">", "›");
}
