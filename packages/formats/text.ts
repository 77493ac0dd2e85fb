import type { Transition } from "@drift-guard/core/model/transition";
import { describeEvidence, formatPart } from "./evidence.ts";
import { formatAuthor, formatCause, formatNextSteps, formatTransitionKind, isOver } from "./next-steps.ts";
import { sanitise, sanitiseAscii } from "./printable.ts";
import { listRemediationCommands } from "./remediation.ts";
import { describeSimulation, describeUsage } from "./usage.ts";

/** A message for SNS to send by e-mail. */
export interface TextMessage {
  /** Fewer than 100 characters of printable ASCII (docs/aws-facts.md, "SNS and chat"). */
  readonly subject: string;
  readonly body: string;
}

/** A transition as a plain text message that a reader can act on without knowing the guard. */
export function formatText(transition: Transition): TextMessage {
  const { finding, kind, note } = transition;
  const { title, sentences, lists } = describeEvidence(
    finding.evidence,
    finding.role.name,
    finding.reference,
  );
  const facts = [
    ["Severity", finding.severity],
    ["Role", `${sanitise(finding.role.name)} in account ${sanitise(finding.role.account)}`],
    ["Part", formatPartAndSide(transition)],
    ["Who", formatAuthor(transition)],
    ["Cause", formatCause(transition)],
    ["Seen", sanitise(transition.at)],
  ] as const;
  const paragraphs = [
    [`${formatTransitionKind(kind)}: ${title}`],
    facts.map(([name, value]) => `${`${name}:`.padEnd(10)}${value}`),
    ...(note === undefined ? [] : [[sanitise(note, 2000)]]),
    // After the end, the lists show what was rolled back; the explanations no longer hold.
    ...(isOver(transition) ? [] : [sentences]),
    ...lists.map(({ heading, lines }) =>
      formatList(isOver(transition) ? `It was: ${heading.toLowerCase()}` : `${heading}:`, lines),
    ),
    ...[...describeSimulation(transition), ...describeUsage(finding)].map(({ heading, lines }) =>
      formatList(`${heading}:`, lines),
    ),
    ["What happens next:", ...formatNextSteps(transition).map((line) => `  ${line}`)],
    ...listRemediationCommands(transition).map(({ purpose, command }) => [`To ${purpose}:`, `  ${command}`]),
    [`Finding ${sanitise(finding.id)}, transition ${sanitise(transition.id)}`],
  ];
  return {
    subject: sanitiseAscii(`drift-guard: ${finding.severity}, ${formatTransitionKind(kind)}: ${title}`, 99),
    body: `${paragraphs
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join("\n"))
      .join("\n\n")}\n`,
  };
}

function formatList(heading: string, lines: readonly string[]): readonly string[] {
  return [heading, ...lines.map((line) => `  - ${line}`)];
}

function formatPartAndSide({ finding: { evidence } }: Transition): string {
  return evidence.kind === "drift"
    ? `${formatPart(evidence.part)}, ${evidence.side}`
    : `${formatPart(evidence.part)}, ${evidence.kind}`;
}
