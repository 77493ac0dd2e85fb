import { deniesAdded } from "@drift-guard/core/model/evidence";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Announcement } from "./announcement.ts";
import { describeEvidence, formatPart } from "./evidence.ts";
import { formatAuthor, formatCause, formatHeadline, formatNextSteps, isOver } from "./next-steps.ts";
import { cutMiddle, defang, sanitise, sanitiseAscii } from "./printable.ts";
import { findNextCommand } from "./remediation.ts";
import { formatVerdict } from "./standing.ts";
import { describeSimulation, describeUsage } from "./usage.ts";

/** A message for SNS to send by e-mail. */
export interface TextMessage {
  /** Fewer than 100 characters of printable ASCII (docs/aws-facts.md, "SNS and chat"). */
  readonly subject: string;
  readonly body: string;
}

/**
 * An announcement as a plain text message that a reader can act on without knowing the guard. The subject and the first
 * line say how bad it is, what happened to which role, and what the guard does. No text from outside is a link.
 */
export function formatText(announcement: Announcement): TextMessage {
  const { transition } = announcement;
  const { finding, note } = transition;
  const {
    title,
    brief = title,
    sentences,
    lists,
  } = describeEvidence(finding.evidence, finding.role.name, finding.reference);
  const [first, ...more] = formatNextSteps(announcement);
  const command = findNextCommand(announcement);
  const facts = [
    ["Severity", finding.severity],
    ["Role", `${sanitise(finding.role.name)} in account ${sanitise(finding.role.account)}`],
    ["Part", formatPartAndSide(transition)],
    ["Who", formatAuthor(transition)],
    ["Cause", formatCause(transition)],
    ["Seen", sanitise(transition.at)],
  ] as const;
  const before = [
    [
      `${finding.severity}, ${formatHeadline(announcement)}: ${title}.${first === undefined ? "" : ` ${first}`}`,
    ],
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
    ...(more.length === 0 ? [] : [["What happens next:", ...more.map((line) => `  ${line}`)]]),
  ];
  const paragraphs = [
    ...before.map((lines) => lines.map(defang)),
    // A command stays as it is to be pasted.
    ...(command === undefined ? [] : [[`${defang(`To ${command.purpose}`)}:`, `  ${command.command}`]]),
    [`Finding ${sanitise(finding.id)}, transition ${sanitise(transition.id)}`],
  ];
  return {
    subject: formatSubject(announcement, brief),
    body: `${paragraphs
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join("\n"))
      .join("\n\n")}\n`,
  };
}

const maxSubject = 99;

// A long title loses its middle: its end often names the role, and after it stands what the guard does.
function formatSubject(announcement: Announcement, title: string): string {
  const { transition, standing } = announcement;
  const verdict = transition.kind === "refused" ? undefined : formatVerdict(standing);
  const headline = transition.kind === "opened" ? "" : `, ${formatHeadline(announcement)}`;
  const start = `drift-guard ${transition.finding.severity}${headline}: `;
  const end = verdict === undefined || isOver(transition) ? "" : ` (${verdict})`;
  const room = maxSubject - start.length - end.length;
  return sanitiseAscii(`${start}${cutMiddle(sanitiseAscii(defang(title), 1000), room)}${end}`, maxSubject);
}

function formatList(heading: string, lines: readonly string[]): readonly string[] {
  return [heading, ...lines.map((line) => `  - ${line}`)];
}

function formatPartAndSide({ finding: { evidence } }: Transition): string {
  const part = formatPart(evidence.part);
  if (evidence.kind !== "drift") return `${part}, ${evidence.kind}`;
  // The part is there; what is missing are the permissions that it denies.
  return deniesAdded(evidence).length > 0 ? `${part}, which denies permissions` : `${part}, ${evidence.side}`;
}
