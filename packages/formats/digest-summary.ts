import { nameActor } from "@drift-guard/core/config/trusted-actor";
import { lastSegment } from "@drift-guard/core/model/arn";
import type { Attempt } from "@drift-guard/core/model/evidence";
import type { Instant } from "@drift-guard/core/model/instant";
import { Severity } from "@drift-guard/core/model/severity";
import type { Transition } from "@drift-guard/core/model/transition";
import { formatActor } from "./actors.ts";
import type { Announcement } from "./announcement.ts";
import { formatAuthor, formatTransitionKind, isOver, needsPerson } from "./next-steps.ts";
import { formatTime, sanitise } from "./printable.ts";
import { formatStanding, formatVerdict } from "./standing.ts";

/** A fact about all findings of a digest: its name of at most 9 characters, and its text. */
export type DigestFact = readonly [name: string, text: string];

const maxAuthors = 5;
const maxCallers = 10;
const maxSentences = 3;

/** Returns what the findings of a digest have in common: how many they are, since when, who caused them. */
export function summarise(announcements: readonly Announcement[]): readonly DigestFact[] {
  const transitions = announcements.map(({ transition }) => transition);
  const roles = new Set(transitions.map(({ finding }) => finding.role.name));
  const [first] = transitions;
  const place = roles.size === 1 ? sanitise(first?.finding.role.name ?? "") : `${roles.size} roles`;
  const account = sanitise(first?.finding.role.account ?? "", 12);
  const verdicts = count(announcements.flatMap(({ standing }) => formatVerdict(standing) ?? []));
  const left = announcements.filter(({ standing }) => needsPerson(standing)).length;
  return [
    ["Findings", `${countFindings(announcements)}, on ${place} in account ${account}`],
    ["When", formatSpan(transitions.map(timeOf))],
    ["Who", nameAuthors(transitions)],
    ...(verdicts.length < 2 ? [] : [["Rollback", verdicts.map(nameCount).join(", ")] satisfies DigestFact]),
    ...(left === 0 || left === announcements.length
      ? []
      : [
          [
            "To do",
            `${left} of ${announcements.length} stay as they are until a person acts`,
          ] satisfies DigestFact,
        ]),
    ...countCallers(announcements).map((text): DigestFact => ["Refused", text]),
  ];
}

/** Counts findings by severity, and what is over by how it ended: its severity is no reason to get up. */
export function countFindings(announcements: readonly Announcement[]): string {
  const current = announcements.filter(({ transition }) => !isOver(transition));
  const over = announcements.filter(({ transition }) => isOver(transition));
  const bySeverity = Map.groupBy(current, ({ transition }) => transition.finding.severity);
  const byEnd = Map.groupBy(over, ({ transition }) => formatTransitionKind(transition.kind).toLowerCase());
  return [
    ...Severity.options.flatMap((severity) => {
      const found = bySeverity.get(severity)?.length ?? 0;
      return found === 0 ? [] : [`${found} ${severity}`];
    }),
    ...[...byEnd].map(([end, group]) => `${group.length} ${end}`),
  ].join(", ");
}

/** Returns what drift-guard does about the findings, each a sentence: at most 3, those about the most findings first. */
export function describeStandings(announcements: readonly Announcement[]): readonly string[] {
  const roles = new Set(announcements.map(({ transition }) => transition.finding.role.name));
  const [only] = roles;
  const slot = roles.size === 1 && only !== undefined ? only : "these roles";
  const sentences = count(
    announcements
      .filter(({ transition }) => !isOver(transition))
      .flatMap(({ standing }) => formatStanding(standing, slot)[0] ?? []),
  );
  const [first] = sentences;
  const isCommon = sentences.length === 1 && first?.[1] === announcements.length;
  return sentences
    .slice(0, maxSentences)
    .map(([sentence, times]) => (isCommon ? sentence : `Of ${times} of them: ${sentence}`));
}

/** Returns what the guard does, for the end of a subject, if it does the same about all findings; else an empty text. */
export function findVerdict(announcements: readonly Announcement[]): string {
  const verdicts = new Set(announcements.map(({ standing }) => formatVerdict(standing)));
  const [only] = verdicts;
  return verdicts.size === 1 && only !== undefined ? ` (${only})` : "";
}

/** Returns who caused a transition or its finding, without their address; undefined if that is not known. */
export function authorOf({ actor, finding }: Transition): string | undefined {
  const author = actor ?? finding.causedBy;
  if (finding.evidence.kind === "vendor-change") return "AWS itself";
  return author === undefined ? undefined : formatActor(author);
}

/**
 * Returns a short name of the one who caused all findings, for a subject: of a session that of its role, since whoever may
 * assume a role chooses the session's name. Undefined if they are several, or not known.
 */
export function nameAuthor(transitions: readonly Transition[]): string | undefined {
  const names = new Set(
    transitions.map(({ actor, finding }) => {
      const author = actor ?? finding.causedBy;
      if (author === undefined || finding.evidence.kind === "vendor-change") return undefined;
      return nameActor(author);
    }),
  );
  const [only] = names;
  return names.size === 1 && only !== undefined ? sanitise(lastSegment(only), 64) : undefined;
}

/** Whether all findings have the same author, or none that is known. */
export function haveOneAuthor(transitions: readonly Transition[]): boolean {
  return new Set(transitions.map(authorOf)).size === 1;
}

function nameAuthors(transitions: readonly Transition[]): string {
  const whole = new Set(transitions.map(formatAuthor));
  const [only] = whole;
  if (whole.size === 1 && only !== undefined) return only;
  const authors = count(transitions.map((each) => authorOf(each) ?? "not known"));
  return listSome(
    authors.map((each) => (authors.length === 1 ? each[0] : nameCount(each))),
    maxAuthors,
  );
}

/** When a finding was caused, as far as that is known, else when it was seen; of what is over, when that was seen. */
function timeOf(transition: Transition): Instant {
  const { cause, finding, at } = transition;
  if (isOver(transition)) return at;
  if (cause.kind === "change") return cause.at;
  return finding.origin?.at ?? at;
}

/** Returns the time of several things, from the first to the last. */
function formatSpan(times: readonly Instant[]): string {
  const sorted = times.map(formatTime).toSorted();
  const [first = ""] = sorted;
  const last = sorted.at(-1) ?? first;
  return first === last ? first : `${first} to ${last}`;
}

/** Returns the time of several findings, for the end of a sentence: `at 2026-…`, or `since` that of the first. */
export function formatStart(transitions: readonly Transition[]): string {
  const [first = "", ...later] = formatSpan(transitions.map(timeOf)).split(" ");
  return `${later.length === 0 ? "at" : "since"} ${first}`;
}

/**
 * Returns the callers whose calls were refused on several roles, with their calls on all of them; the most calls first. Each
 * role's finding counts the calls of each caller on that role.
 */
function countCallers(announcements: readonly Announcement[]): readonly string[] {
  const refused = announcements.flatMap(({ transition: { finding } }) =>
    finding.evidence.kind === "attempt" ? callersOf(finding.evidence) : [],
  );
  const byCaller = Map.groupBy(refused, ({ caller }) => caller);
  return [...byCaller]
    .filter(([, { length: roles }]) => roles > 1)
    .map(([caller, entries]) => ({
      caller,
      roles: entries.length,
      calls: entries.reduce((sum, { calls }) => sum + calls, 0),
    }))
    .toSorted((a, b) => b.calls - a.calls)
    .slice(0, maxCallers)
    .map(({ caller, roles, calls }) => `${calls} calls on ${roles} roles by ${sanitise(caller)}`);
}

function callersOf({
  callers,
  actor,
}: Attempt): readonly { readonly caller: string; readonly calls: number }[] {
  return callers ?? [{ caller: nameActor(actor), calls: 1 }];
}

type Counted = readonly [text: string, times: number];

/** Counts equal texts, the most frequent first. */
function count(texts: readonly string[]): readonly Counted[] {
  return [...Map.groupBy(texts, (text) => text)]
    .map(([text, { length }]): Counted => [text, length])
    .toSorted(([, a], [, b]) => b - a);
}

function nameCount([text, times]: Counted): string {
  return `${text} (${times})`;
}

function listSome(texts: readonly string[], most: number): string {
  const more = texts.length - most;
  return [...texts.slice(0, most), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}
