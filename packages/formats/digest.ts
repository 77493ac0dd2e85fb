import { isInformation } from "@drift-guard/core/announcement/information";
import { Severity } from "@drift-guard/core/model/severity";
import { type Announcement, listTransitionIds } from "./announcement.ts";
import { formatValue } from "./attributes.ts";
import { rankBreadth } from "./breadth.ts";
import { chatLimits } from "./chat.ts";
import { formatProse } from "./chat-text.ts";
import { listAdvice, listDigestCommands } from "./digest-advice.ts";
import { formatAlone, formatGroups, listGroups } from "./digest-groups.ts";
import {
  type DigestFact,
  describeStandings,
  findVerdict,
  formatStart,
  haveOneAuthor,
  nameAuthor,
  summarise,
} from "./digest-summary.ts";
import { namePhrases } from "./digest-title.ts";
import { isOver } from "./next-steps.ts";
import { cutMiddle, defang, sanitise, sanitiseAscii, wrap } from "./printable.ts";
import type { RemediationCommand } from "./remediation.ts";
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
const maxWhole = 5;
const rule = "-".repeat(72);

/**
 * Returns the messages that tell people of several findings: one, or more where the lines do not fit into one message of
 * SNS. Subject and first line say what happened, who did it and when. What is on one role stands together, the worst role
 * first, and nothing is left out. `id` is the same in every copy of the message. No text from outside is a link.
 */
export function formatDigest(announcements: readonly Announcement[], id: string): readonly Digest[] {
  const ordered = orderByRole(announcements);
  const chunks = packChunks(ordered);
  return chunks.map((chunk, index) => formatChunk(chunk, ordered, { id, index, count: chunks.length }));
}

function formatChunk(
  chunk: readonly Announcement[],
  all: readonly Announcement[],
  { id, index, count }: { readonly id: string; readonly index: number; readonly count: number },
): Digest {
  const transitions = all.map(({ transition }) => transition);
  const roles = [...new Set(transitions.map(({ finding }) => finding.role.name))];
  const [only] = roles;
  const isOfOne = roles.length === 1 && only !== undefined;
  const account = sanitise(transitions[0]?.finding.role.account ?? "");
  const part = count === 1 ? "" : ` (message ${index + 1} of ${count})`;
  const ownId = count === 1 ? id : `${id}-${index + 1}`;
  const worst = worstCurrent(all);
  const title = formatTitle(all);
  const facts = summarise(all);
  const options = { withVerdict: findVerdict(all) === "", withAuthor: !haveOneAuthor(transitions) };
  const isInfo = all.every(({ transition }) => isInformation(transition));
  const advice = isInfo ? [] : listAdvice(all);
  const commands = listDigestCommands(all).slice(isInfo ? -1 : 0);
  const sentences = isInfo
    ? ["For information: none of it needs an answer. Such a message comes once a week at most."]
    : describeStandings(all);
  // A few of one role are told whole: people act on them without another command.
  const isWhole = isOfOne && all.length <= maxWhole;
  const lead = worst === undefined ? "" : `${worst}: `;
  const text = [
    [...prose(`${lead}${title}${part}.`), ...sentences.flatMap((sentence) => prose(sentence))].join("\n"),
    facts.flatMap(formatFact).join("\n"),
    advice.length === 0 ? "" : ["What to do:", ...advice.flatMap((line) => prose(line, "  - "))].join("\n"),
    ...commands.map(({ purpose, command }) => `${prose(`To ${purpose}:`).join("\n")}\n  ${command}`),
    prose(`(In the folder of drift-guard's configuration, with credentials of account ${account}.)`).join(
      "\n",
    ),
    prose(introduce(all)).join("\n"),
    ...formatGroups(chunk, options).map((lines) => lines.join("\n")),
    ...(isWhole ? chunk.map((each) => `${rule}\n${formatText(each).body}`) : []),
    formatIds(isWhole ? [] : chunk.flatMap(listTransitionIds), ownId),
  ];
  const lines = [
    ...sentences,
    ...facts.map(([name, value]) => `${name}: ${value}`),
    ...listGroups(chunk, options),
  ];
  const [command] = commands;
  return {
    subject: formatSubject(all, part),
    text: `${text.filter((paragraph) => paragraph !== "").join("\n\n")}\n`,
    chat: JSON.stringify({
      version: "1.0",
      source: "custom",
      id: ownId,
      content: {
        textType: "client-markdown",
        title: formatProse(`${lead}${title}${part}`, chatLimits.title),
        description: formatChatLines(lines),
        nextSteps: [
          ...advice.map((line) => formatProse(line, chatLimits.step)),
          ...commands.flatMap(formatChatCommand),
        ],
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
      ...(command !== undefined && { command: command.command }),
    }),
    attributes: {
      id: ownId,
      severity: worstOf(all),
      kind: "digest",
      account: formatValue(transitions[0]?.finding.role.account ?? ""),
      ...(isOfOne && { role: formatValue(only) }),
    },
    announcements: chunk,
  };
}

/** What happened, who did it and when. */
function formatTitle(all: readonly Announcement[]): string {
  const transitions = all.map(({ transition }) => transition);
  const author = nameAuthor(transitions);
  const by = author === undefined ? "" : `, by ${author}`;
  return `${namePhrases(transitions).join(", ")}${by}, ${formatStart(transitions)}`;
}

const maxSubject = 99;

// What does not fit goes in this order: all but the first phrase, then the author, then the middle of what is left.
function formatSubject(all: readonly Announcement[], part: string): string {
  const transitions = all.map(({ transition }) => transition);
  const worst = worstCurrent(all);
  const author = nameAuthor(transitions);
  const [first = "", ...others] = namePhrases(transitions).map((phrase) =>
    phrase.replace(/^AWS account (?=\d{12}\b)/, ""),
  );
  const start = `drift-guard${worst === undefined ? "" : ` ${worst}`}${part}: `;
  const who = author === undefined ? "" : `${author}: `;
  const end = findVerdict(all);
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  const wordings = [`${who}${[first, ...others].join(", ")}`, `${who}${first}${more}`, `${first}${more}`];
  const room = maxSubject - start.length - end.length;
  const shown = wordings.map((wording) => sanitiseAscii(defang(wording), 1000));
  const fitting = shown.find((wording) => wording.length <= room) ?? shown.at(-1) ?? "";
  return sanitiseAscii(`${start}${cutMiddle(fitting, room)}${end}`, maxSubject);
}

function introduce(all: readonly Announcement[]): string {
  const known = all.filter(({ transition, before = [] }) =>
    [...before, transition].every(({ kind }) => kind === "attributed"),
  ).length;
  if (known === 0) return "All of them, the worst role first:";
  const again =
    known === 1
      ? "One of them was told before: new is who caused it."
      : `${known} of them were told before: new is who caused them.`;
  return `All of them, the worst role first. ${again}`;
}

// A line that begins where it was broken is indented, so that no text from outside passes for a line of its own.
function prose(text: string, first = ""): readonly string[] {
  return wrap(defang(text), first, "    ");
}

function formatFact([name, value]: DigestFact): readonly string[] {
  return wrap(defang(value), `${name}:`.padEnd(factWidth), " ".repeat(factWidth));
}

const factWidth = 11;

/** The ids by which programs drop what they know, at the end, where they are in nobody's way. */
function formatIds(ids: readonly string[], id: string): string {
  const list =
    ids.length === 0 ? [] : ["For programs, the transitions in this message:", ...wrap(ids.join(" "))];
  return [`Digest ${id}`, ...list].join("\n");
}

function formatChatCommand({ purpose, command }: RemediationCommand): readonly string[] {
  const step = `To ${purpose}: \`${command}\``;
  return command.includes("`") || step.length > chatLimits.step ? [] : [step];
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

// More than what a standing adds to a line, and what a group adds to the names of its roles.
const maxOtherBytes = 150;

/**
 * Returns the most bytes of a finding in the text. It does not depend on what the guard does about the finding: a digest that
 * was cut off is packed again, and each of its messages must hold the same transitions as the message with the same id that
 * was sent.
 */
function sizeOf(announcement: Announcement): number {
  const entry = [formatAlone(announcement), ...listTransitionIds(announcement)].join("\n");
  return new TextEncoder().encode(JSON.stringify(entry)).length + maxOtherBytes;
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

/** Orders findings so that those of one role stand together, the worst role and its worst finding first. */
function orderByRole(announcements: readonly Announcement[]): readonly Announcement[] {
  const sorted = announcements.toSorted((a, b) => rankOf(a) - rankOf(b));
  const byRole = Map.groupBy(sorted, ({ transition }) => transition.finding.role.name);
  return [...byRole.values()].toSorted(compareRoles).flat();
}

// Of two roles with the same worst findings, the one with more comes first.
function compareRoles(a: readonly Announcement[], b: readonly Announcement[]): number {
  const index = a.findIndex((each, at) => b[at] === undefined || rankOf(each) !== rankOf(b[at]));
  const [one, other] = [a[index], b[index]];
  if (one === undefined) return a.length === b.length ? 0 : 1;
  return other === undefined ? -1 : rankOf(one) - rankOf(other);
}

// Less than 100 ranks of breadth within a severity.
function rankOf({ transition }: Announcement): number {
  const { severity, evidence } = transition.finding;
  const rank = Severity.options.indexOf(severity) * 100 + rankBreadth(evidence);
  return isOver(transition) ? Severity.options.length * 100 + rank : rank;
}
