import { type DriftSide, deniesAdded } from "@drift-guard/core/model/evidence";
import type { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { type Announcement, listTransitionIds } from "./announcement.ts";
import { findConsoleLinks } from "./console-links.ts";
import { describeTransition } from "./description.ts";
import { formatPart } from "./evidence.ts";
import {
  describeBefore,
  formatAuthor,
  formatCause,
  formatLead,
  formatNextSteps,
  isOver,
  needsPerson,
} from "./next-steps.ts";
import { cutMiddle, defang, formatTime, sanitise, sanitiseAscii, wrap } from "./printable.ts";
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
 * line say how bad it is, what happened to which role, and what the guard does. Lines have at most 80 characters, apart
 * from commands, addresses of the AWS console and long names. No text from outside is a link.
 */
export function formatText(announcement: Announcement): TextMessage {
  const { transition } = announcement;
  const { finding, note } = transition;
  const { title, brief = title, sentences, lists } = describeTransition(transition);
  const [first, ...more] = formatNextSteps(announcement);
  const before = describeBefore(announcement);
  const paragraphs: readonly (readonly string[])[] = [
    [...prose(`${formatLead(announcement)}: ${title}.`), ...(first === undefined ? [] : prose(first))],
    // After the end, the lists show what was rolled back; the explanations no longer hold.
    isOver(transition) ? [] : sentences.flatMap((sentence) => prose(sentence)),
    formatFacts(transition),
    note === undefined ? [] : prose(sanitise(note, 2000)),
    before.length === 0 ? [] : formatList("Before that", before),
    ...lists.map(({ heading, lines }) =>
      formatList(isOver(transition) ? `${heading}, until then` : heading, lines),
    ),
    ...[...describeSimulation(transition), ...describeUsage(transition)].map(({ heading, lines }) =>
      formatList(heading, lines),
    ),
    more.length === 0 ? [] : [headNext(announcement), ...more.flatMap((line) => prose(line, "  - "))],
    formatCommand(announcement),
    [`Finding ${sanitise(finding.id)},`, ...listTransitionIds(announcement).map((id) => `transition ${id}`)],
  ];
  return {
    subject: formatSubject(announcement, brief),
    body: `${paragraphs
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join("\n"))
      .join("\n\n")}\n`,
  };
}

// A line that begins where it was broken is indented, so that no text from outside passes for a line of its own.
function headNext({ transition, standing }: Announcement): string {
  const asks =
    needsPerson(standing) ||
    standing.kind === "report-only" ||
    standing.kind === "contested" ||
    transition.kind === "sessions-found";
  return asks ? "What to do:" : "What happens next:";
}

function prose(text: string, first = "", rest = "    "): readonly string[] {
  return wrap(defang(text), first, rest);
}

const nameWidth = 12;

function formatFacts(transition: Transition): readonly string[] {
  const { finding } = transition;
  const links = findConsoleLinks(finding);
  const facts: readonly (readonly [name: string, value: string])[] = [
    ["Severity", finding.severity],
    ["Role", `${sanitise(finding.role.name)} in account ${sanitise(finding.role.account)}`],
    ...formatPartAndSide(transition),
    [transition.actor === undefined && isOver(transition) ? "Caused by" : "Who", formatAuthor(transition)],
    ["Cause", formatCause(transition)],
    ["Seen", formatTime(transition.at)],
  ];
  const pages = [
    ["Console", links.role],
    ["CloudTrail", links.event],
  ] as const;
  const startOf = (name: string) => `${name}:`.padEnd(nameWidth);
  return [
    ...facts.flatMap(([name, value]) => prose(value, startOf(name), " ".repeat(nameWidth))),
    ...pages.flatMap(([name, page]) => (page === undefined ? [] : [startOf(name) + page])),
  ];
}

// A command stays as it is, on one line, to be pasted.
function formatCommand(announcement: Announcement): readonly string[] {
  const command = findNextCommand(announcement);
  return command === undefined ? [] : [...prose(`To ${command.purpose}:`), `  ${command.command}`];
}

const maxSubject = 99;
// These kinds say what the guard does, or that its rollback ends no session.
const sayingKinds: readonly TransitionKind[] = ["refused", "approved", "simulated", "sessions-found"];

// A long title loses its middle: its end often names the role, and after it stands what the guard does.
function formatSubject(announcement: Announcement, title: string): string {
  const { transition, standing, before = [] } = announcement;
  const { kind, finding } = transition;
  const verdict = sayingKinds.includes(kind) ? undefined : formatVerdict(standing);
  const lead = kind === "opened" && before.length === 0 ? finding.severity : formatLead(announcement);
  const start = `drift-guard ${lead}: `;
  const end = verdict === undefined || isOver(transition) ? "" : ` (${verdict})`;
  const room = maxSubject - start.length - end.length;
  return sanitiseAscii(`${start}${cutMiddle(sanitiseAscii(defang(title), 1000), room)}${end}`, maxSubject);
}

function formatList(heading: string, lines: readonly string[]): readonly string[] {
  return [...prose(`${heading}:`), ...lines.flatMap((line) => prose(line, "  - "))];
}

/** The part and how it differs, as a fact; none for calls, which concern the whole role. */
function formatPartAndSide(transition: Transition): readonly (readonly ["Part", string])[] {
  const { evidence } = transition.finding;
  const part = formatPart(evidence.part);
  switch (evidence.kind) {
    case "attempt":
    case "impersonation":
      return [];
    case "drift":
      // The part is there; what is missing are the permissions that it denies.
      return [
        [
          "Part",
          deniesAdded(evidence).length > 0
            ? `${part}, which denies permissions`
            : `${part}, ${evidence.side}${isOver(transition) ? "" : `: ${meanings[evidence.side]}`}`,
        ],
      ];
    case "undecided":
    case "vendor-change":
    case "note":
      return [["Part", `${part}, ${evidence.kind}`]];
  }
}

const meanings: Readonly<Record<DriftSide, string>> = {
  excess: "it allows more than it should",
  missing: "the role may do less than it should",
  altered: "it is not as it should be",
};
