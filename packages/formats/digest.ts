import { isInformation } from "@drift-guard/core/announcement/information";
import { Severity } from "@drift-guard/core/model/severity";
import { type Announcement, listTransitionIds } from "./announcement.ts";
import { formatValue } from "./attributes.ts";
import { chatLimits } from "./chat.ts";
import { formatProse } from "./chat-text.ts";
import { describeTransition } from "./description.ts";
import { authorOf, type DigestFact, findVerdict, summarise } from "./digest-summary.ts";
import { formatLead, formatTransitionKind, isOver } from "./next-steps.ts";
import { defang, sanitise, sanitiseAscii, wrap } from "./printable.ts";
import { formatVerdict } from "./standing.ts";
import { quoteArgument } from "./steps.ts";
import { formatText } from "./text.ts";

/** One message about several findings, in the forms that subscribers receive. */
export interface Digest {
  /** Fewer than 100 characters of printable ASCII. */
  readonly subject: string;
  readonly text: string;
  /** JSON in the schema of custom notifications of Amazon Q Developer in chat applications. */
  readonly chat: string;
  /** One line of JSON for programs. */
  readonly json: string;
  /** The id, the worst severity, the account, the kind `digest`, and the role if there is only one. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The announcements that this message tells. */
  readonly announcements: readonly Announcement[];
}

// SNS takes 262,144 bytes for all forms together (docs/aws-facts.md, "SNS and chat"): the text has these lines, and each of
// the JSON forms has their ids. The chat form is short.
const maxLinesBytes = 90_000;
const maxTitle = 300;
const maxWhole = 5;
const rule = "-".repeat(72);

/**
 * Returns the messages that tell people of several findings: one, or more where the lines do not fit into one message of
 * SNS. Each finding has an entry, the worst first, with all of its transitions; nothing is left out. `id` is the same in
 * every copy of the message. No text from outside is a link.
 */
export function formatDigest(announcements: readonly Announcement[], id: string): readonly Digest[] {
  const worstFirst = announcements.toSorted((a, b) => rankOf(a) - rankOf(b));
  const chunks = packChunks(worstFirst);
  return chunks.map((chunk, index) => formatChunk(chunk, worstFirst, { id, index, count: chunks.length }));
}

function formatChunk(
  chunk: readonly Announcement[],
  all: readonly Announcement[],
  { id, index, count }: { readonly id: string; readonly index: number; readonly count: number },
): Digest {
  const roles = new Set(all.map(({ transition }) => transition.finding.role.name));
  const [only] = roles;
  const place = roles.size === 1 && only !== undefined ? sanitise(only) : `${roles.size} roles`;
  const account = sanitise(all[0]?.transition.finding.role.account ?? "");
  const part = count === 1 ? "" : ` (message ${index + 1} of ${count})`;
  const ownId = count === 1 ? id : `${id}-${index + 1}`;
  const title = `${all.length} findings at ${place}: ${countFindings(all)}`;
  const worst = worstCurrent(all);
  const stage = all[0]?.stage;
  const command = `npx drift-guard findings list${roles.size === 1 && only !== undefined ? ` --role ${quoteArgument(only)}` : ""}${stage === undefined ? "" : ` --stage ${quoteArgument(stage)}`}`;
  const facts = summarise(all);
  // A few of one role are told whole: people act on them without another command.
  const isWhole = roles.size === 1 && all.length <= maxWhole;
  const text = [
    [
      ...prose(`${title}${part}, in account ${account}.`),
      ...prose(
        all.every(({ transition }) => isInformation(transition))
          ? "For information: none of it needs an answer. Such a message comes once a week at most."
          : "They came within a minute, so that one message tells them all, the worst first.",
      ),
    ].join("\n"),
    facts.flatMap(formatFact).join("\n"),
    chunk.flatMap((each) => formatEntry(each, isWhole)).join("\n"),
    ...(isWhole ? chunk.map((each) => `${rule}\n${formatText(each).body}`) : []),
    `To see the findings as they are now; findings show has the next command of each:\n  ${command}`,
    `Digest ${ownId}`,
  ];
  const lines = [...facts.map(([name, value]) => `${name}: ${value}`), ...chunk.map(formatLine)];
  return {
    subject: sanitiseAscii(
      `drift-guard${worst === undefined ? "" : ` ${worst}`}${part}: ${title}${findVerdict(all)}`,
      99,
    ),
    text: `${text.join("\n\n")}\n`,
    chat: JSON.stringify({
      version: "1.0",
      source: "custom",
      id: ownId,
      content: {
        textType: "client-markdown",
        title: formatProse(`${worst === undefined ? "" : `${worst}, `}${title}${part}`, chatLimits.title),
        description: formatChatLines(lines),
        nextSteps: [`To see the findings as they are now: \`${command.replaceAll("`", "'")}\``],
        keywords: [worstOf(all), "digest"],
      },
      metadata: {
        threadId: id,
        summary: formatProse(title, chatLimits.title),
        eventType: "drift-guard.digest",
      },
    }),
    json: JSON.stringify({
      schema: 1,
      id: ownId,
      kind: "digest",
      severity: worstOf(all),
      account,
      title,
      transitions: chunk.flatMap(listTransitionIds),
      command,
    }),
    attributes: {
      id: ownId,
      severity: worstOf(all),
      kind: "digest",
      account: formatValue(all[0]?.transition.finding.role.account ?? ""),
      ...(roles.size === 1 && only !== undefined && { role: formatValue(only) }),
    },
    announcements: chunk,
  };
}

// A line that begins where it was broken is indented, so that no text from outside passes for a line of its own.
function prose(text: string, first = ""): readonly string[] {
  return wrap(defang(text), first, "    ");
}

function formatFact([name, value]: DigestFact): readonly string[] {
  return wrap(defang(value), `${name}:`.padEnd(factWidth), " ".repeat(factWidth));
}

const factWidth = 11;

// A finding that is told whole below has its transitions there.
function formatEntry(announcement: Announcement, isWhole: boolean): readonly string[] {
  const ids = isWhole ? [] : listTransitionIds(announcement).map((id) => `    transition ${id}`);
  return [...prose(formatLine(announcement), "  - "), ...ids];
}

// A message of a chat channel is short: what does not fit stands in the text form, and the command shows it.
function formatChatLines(lines: readonly string[]): string {
  const shown: string[] = [];
  const room = chatLimits.description - 100;
  let length = 0;
  for (const line of lines) {
    const bullet = `• ${formatProse(line, 500)}`;
    if (length + bullet.length + 1 > room) break;
    shown.push(bullet);
    length += bullet.length + 1;
  }
  const more = lines.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more stand in the e-mail, and in the findings.`] : [])].join(
    "\n",
  );
}

function formatLine(announcement: Announcement): string {
  const { transition, standing } = announcement;
  const { title } = describeTransition(transition);
  const verdict = formatVerdict(standing);
  const author = authorOf(transition);
  return [
    `${formatLead(announcement)}: ${sanitise(title, maxTitle)}`,
    ...(verdict === undefined ? [] : [verdict]),
    ...(author === undefined ? [] : [`by ${author}`]),
  ].join("; ");
}

function packChunks(announcements: readonly Announcement[]): readonly (readonly Announcement[])[] {
  const chunks: Announcement[][] = [];
  let bytes = 0;
  for (const announcement of announcements) {
    const size = sizeOf(announcement);
    const last = chunks.at(-1);
    if (last && bytes + size <= maxLinesBytes) {
      last.push(announcement);
      bytes += size;
    } else {
      chunks.push([announcement]);
      bytes = size;
    }
  }
  return chunks;
}

// The longest of what a standing adds to a line.
const maxVerdictBytes = 50;

/**
 * Returns the most bytes of a line. It does not depend on what the guard does about the finding: a digest that was cut off is
 * packed again, and each of its messages must hold the same transitions as the message with the same id that was sent.
 */
function sizeOf({ transition, before = [] }: Announcement): number {
  const entry = formatEntry({ transition, before, standing: { kind: "report-only" } }, false).join("\n");
  return new TextEncoder().encode(JSON.stringify(entry)).length + maxVerdictBytes;
}

// What is over is counted by how it ended: its severity is no reason to get up.
function countFindings(announcements: readonly Announcement[]): string {
  const current = announcements.filter(({ transition }) => !isOver(transition));
  const over = announcements.filter(({ transition }) => isOver(transition));
  const bySeverity = Map.groupBy(current, ({ transition }) => transition.finding.severity);
  const byEnd = Map.groupBy(over, ({ transition }) => formatTransitionKind(transition.kind).toLowerCase());
  return [
    ...Severity.options.flatMap((severity) => {
      const count = bySeverity.get(severity)?.length ?? 0;
      return count === 0 ? [] : [`${count} ${severity}`];
    }),
    ...[...byEnd].map(([end, group]) => `${group.length} ${end}`),
  ].join(", ");
}

function worstOf(announcements: readonly Announcement[]): Severity {
  const severities = announcements.map(({ transition }) => transition.finding.severity);
  return Severity.options.find((severity) => severities.includes(severity)) ?? "INFORMATIONAL";
}

/** The worst severity of what is not over; undefined if everything is. */
function worstCurrent(announcements: readonly Announcement[]): Severity | undefined {
  const current = announcements.filter(({ transition }) => !isOver(transition));
  return current.length === 0 ? undefined : worstOf(current);
}

function rankOf({ transition }: Announcement): number {
  const rank = Severity.options.indexOf(transition.finding.severity);
  return isOver(transition) ? Severity.options.length + rank : rank;
}
