import { type DriftSide, deniesAdded } from "@drift-guard/core/model/evidence";
import type { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { type Announcement, listTransitionIds } from "./announcement.ts";
import { findConsoleLinks } from "./console-links.ts";
import { describeTransition } from "./description.ts";
import { type DescribedList, formatPart } from "./evidence.ts";
import {
  describeBefore,
  formatAuthor,
  formatCause,
  formatEnd,
  formatLead,
  formatNextSteps,
  isOver,
  needsPerson,
} from "./next-steps.ts";
import { cutMiddle, defang, formatTime, sanitise, sanitiseAscii, wrap } from "./printable.ts";
import { findNextCommand, listFurtherCommands, type RemediationCommand } from "./remediation.ts";
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
  const commands = listCommands(announcement);
  const before = describeBefore(announcement);
  const paragraphs: readonly (readonly string[])[] = [
    [...prose(`${formatLead(announcement)}: ${title}.`), ...(first === undefined ? [] : prose(first))],
    isOver(transition) ? [] : sentences.flatMap((sentence) => prose(sentence)),
    more.length === 0 ? [] : [headNext(announcement), ...more.flatMap((line) => prose(line, "  - "))],
    ...commands.map(formatCommand),
    commands.length === 0 ? [] : prose(sayWhere(transition, commands)),
    formatFacts(transition),
    note === undefined ? [] : prose(sanitise(note, 2000)),
    before.length === 0 ? [] : formatList("Before that", before),
    ...listGrants(transition, lists),
    ...[...describeSimulation(transition), ...describeUsage(transition)].map(({ heading, lines }) =>
      formatList(heading, lines),
    ),
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

// After a rollback, the lists show what it undid; what ended otherwise is in the findings. The explanations no longer hold.
function listGrants({ kind }: Transition, lists: readonly DescribedList[]): readonly (readonly string[])[] {
  if (kind === "resolved" || kind === "closed") return [];
  return lists.map(({ heading, lines }) =>
    formatList(kind === "rolled-back" ? `${heading}, before the rollback` : heading, lines),
  );
}

function sayWhere({ finding }: Transition, commands: readonly RemediationCommand[]): string {
  const isOwn = commands.some(({ command }) => command.startsWith("npx "));
  return `(${isOwn ? "In the folder of drift-guard's configuration, with" : "With"} credentials of account ${sanitise(finding.role.account, 12)}.)`;
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
  const cause = formatCause(transition);
  const end = formatEnd(transition);
  const seen = formatTime(transition.at);
  const facts: readonly (readonly [name: string, value: string])[] = [
    ...(isOver(transition) ? [] : [["Severity", finding.severity] as const]),
    ["Role", `${sanitise(finding.role.name)} in account ${sanitise(finding.role.account)}`],
    ...formatPartAndSide(transition),
    [transition.actor === undefined && isOver(transition) ? "Caused by" : "Who", formatAuthor(transition)],
    ["Cause", cause],
    // A resolution says so in its first lines.
    ...(end === undefined || transition.kind === "resolved" ? [] : [["Ended", end] as const]),
    ...(end !== undefined || cause.endsWith(seen) ? [] : [["Seen", seen] as const]),
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

function listCommands(announcement: Announcement): readonly RemediationCommand[] {
  const next = findNextCommand(announcement);
  return next === undefined ? [] : [next, ...listFurtherCommands(announcement)];
}

// A command stays as it is, on one line, to be pasted.
function formatCommand({ purpose, command }: RemediationCommand): readonly string[] {
  return [...prose(`To ${purpose}:`), `  ${command}`];
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
            : `${part}${isOver(transition) ? "" : `, which ${meanings[evidence.side]}`}`,
        ],
      ];
    case "undecided":
    case "vendor-change":
    case "note":
      return [["Part", `${part}, ${evidence.kind}`]];
  }
}

const meanings: Readonly<Record<DriftSide, string>> = {
  excess: "allows more than it should",
  missing: "is missing or allows less than it should",
  altered: "is not as it should be",
};
