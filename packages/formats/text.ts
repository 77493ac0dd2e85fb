import type { Transition } from "@drift-guard/core/model/transition";
import { describeEvidence, printPart } from "./evidence.ts";
import { describeOutlook, isOver, printAuthor, printCause, printKind } from "./outlook.ts";
import { ascii, plain } from "./plain.ts";
import { adviseRemedies } from "./remedies.ts";
import { describeUsage } from "./usage.ts";

/** A message for people, as SNS sends it by e-mail. */
export interface TextMessage {
  /** Fewer than 100 characters of printable ASCII (SNS Publish). */
  readonly subject: string;
  readonly body: string;
}

/** A transition as plain text that a person can act on without knowing the guard. */
export function formatText(transition: Transition): TextMessage {
  const { finding, kind, note } = transition;
  const { title, sentences, lists } = describeEvidence(
    finding.evidence,
    finding.role.name,
    finding.reference,
  );
  const facts = [
    ["Severity", finding.severity],
    ["Role", `${plain(finding.role.name)} in account ${plain(finding.role.account)}`],
    ["Part", printSide(transition)],
    ["Who", printAuthor(transition)],
    ["Cause", printCause(transition.cause)],
    ["Seen", plain(transition.at)],
  ] as const;
  const paragraphs = [
    [`${printKind(kind)}: ${title}`],
    facts.map(([name, value]) => `${`${name}:`.padEnd(10)}${value}`),
    ...(note === undefined ? [] : [[plain(note, 2000)]]),
    // What was put back is told once more, so that a person sees what came back; the rest is not so any more.
    ...(isOver(transition) ? [] : [sentences]),
    ...lists.map(({ heading, lines }) =>
      itemise(isOver(transition) ? `It was: ${heading.toLowerCase()}` : `${heading}:`, lines),
    ),
    ...describeUsage(finding).map(({ heading, lines }) => itemise(`${heading}:`, lines)),
    ["What happens next:", ...describeOutlook(transition).map((line) => `  ${line}`)],
    ...adviseRemedies(transition).map(({ purpose, command }) => [`To ${purpose}:`, `  ${command}`]),
    [`Finding ${plain(finding.id)}, transition ${plain(transition.id)}`],
  ];
  return {
    subject: ascii(`drift-guard: ${finding.severity}, ${printKind(kind)}: ${title}`, 99),
    body: `${paragraphs
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join("\n"))
      .join("\n\n")}\n`,
  };
}

function itemise(heading: string, lines: readonly string[]): readonly string[] {
  return [heading, ...lines.map((line) => `  - ${line}`)];
}

function printSide({ finding: { evidence } }: Transition): string {
  return evidence.kind === "drift"
    ? `${printPart(evidence.part)}, ${evidence.side}`
    : `${printPart(evidence.part)}, ${evidence.kind}`;
}
