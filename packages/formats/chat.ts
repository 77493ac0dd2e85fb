import type { Transition } from "@drift-guard/core/model/transition";
import { roleArn } from "./arns.ts";
import { describeEvidence, printPart } from "./evidence.ts";
import { describeOutlook, isOver, printAuthor, printCause, printKind } from "./outlook.ts";
import { plain } from "./plain.ts";
import { adviseRemedies } from "./remedies.ts";
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
    ...(note === undefined ? [] : [prose(plain(note, 1000))]),
    ...(isOver(transition) ? [] : sentences.map(prose)),
    ...[...lists, ...describeUsage(finding)].map(({ heading, lines }) =>
      [`*${heading}*`, ...lines.map((line) => `• ${code(line)}`)].join("\n"),
    ),
    [
      `*Who* ${code(printAuthor(transition))}`,
      `*Cause* ${code(printCause(transition.cause))}`,
      `*Finding* ${code(finding.id)}`,
    ].join("\n"),
  ];
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    id: transition.id,
    content: {
      textType: "client-markdown",
      title: prose(`${finding.severity}, ${printKind(transition.kind)}: ${title}`),
      description: description.join("\n\n"),
      nextSteps: nextSteps(transition),
      keywords: [finding.severity, evidence.kind, plain(role.name)],
    },
    metadata: {
      threadId: finding.id,
      summary: prose(title),
      eventType: `drift-guard.${transition.kind}`,
      relatedResources: [roleArn(finding)],
      additionalContext: {
        findingId: finding.id,
        transitionId: transition.id,
        account: plain(role.account),
        role: plain(role.name),
        part: printPart(evidence.part),
        ...(evidence.kind === "drift" && { side: evidence.side }),
        state: finding.state,
        severity: finding.severity,
      },
    },
  });
}

function nextSteps(transition: Transition): readonly string[] {
  return [
    ...describeOutlook(transition).map(prose),
    ...adviseRemedies(transition).map(({ purpose, command }) => `To ${purpose}: ${code(command)}`),
  ];
}

// Foreign text may hold what a chat acts on: mentions (<!channel>, @here), links, emphasis. Slack knows no escape
// character, so such text stands in a code span, without the backtick that would end it.
function code(text: string): string {
  return `\`${harmless(plain(text, 1000))}\``;
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
