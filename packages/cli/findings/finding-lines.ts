import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Grant } from "@drift-guard/core/model/grant";
import type { Instant } from "@drift-guard/core/model/instant";
import { toolOf } from "@drift-guard/core/model/tool";
import type { Transition } from "@drift-guard/core/model/transition";
import { formatActor } from "@drift-guard/formats/actors";
import { findConsoleLinks } from "@drift-guard/formats/console-links";
import { describeEvidence } from "@drift-guard/formats/evidence";
import { formatRequest } from "@drift-guard/formats/grants";
import { formatEvent, formatNextSteps } from "@drift-guard/formats/next-steps";
import { sanitise } from "@drift-guard/formats/printable";
import type { RemediationCommand } from "@drift-guard/formats/remediation";
import { formatDetails, severityStyle } from "../drift-table.ts";
import { padCell, type Terminal, wrap } from "../terminal.ts";
import type { AnnouncedFinding } from "./subject.ts";
import { formatAge } from "./table.ts";
import { diffLines, linesOf } from "./text-diff.ts";

/** What is shown beside a finding. */
export interface FindingView {
  readonly commands: readonly RemediationCommand[];
  readonly now: Instant;
  readonly terminal: Terminal;
}

const indent = "  ";
const nameWidth = 13;

/** Returns everything about a finding as lines. Commands and links are never broken. */
export function formatFinding(
  announced: AnnouncedFinding,
  { commands, now, terminal }: FindingView,
): readonly string[] {
  const { finding } = announced.transition;
  const { paint, columns } = terminal;
  const { title, sentences } = describeEvidence(finding.evidence, finding.role.name, finding.reference);
  const section = (heading: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", paint("bold", heading), ...lines];
  const paragraphs = (texts: readonly string[]) =>
    texts.flatMap((text) => wrap(sanitise(text, 2000), columns, indent));
  return [
    `${paint(severityStyle(finding.severity), finding.severity)}  ${finding.state}  ${finding.id}`,
    ...wrap(paint("bold", `${title}.`), columns),
    "",
    ...formatFacts(listFacts(finding, now), columns),
    ...section("Meaning", paragraphs(sentences)),
    ...section("Evidence", formatEvidence(finding.evidence, terminal)),
    ...section("Who", formatFacts(listActorFacts(finding), columns)),
    ...section("Expected (-) and found (+)", formatTexts(finding, terminal)),
    ...section("Used by", paragraphs(finding.usedBy ?? [])),
    ...section("Failures in AWS Batch", paragraphs(finding.symptoms ?? [])),
    ...section("What the guard does", paragraphs(formatNextSteps(announced))),
    ...section("History", formatHistory(announced.history, columns, maxHistory)),
    ...section(
      "Next commands",
      commands.flatMap(({ purpose, command }) => [
        ...wrap(`To ${purpose}:`, columns, indent),
        `    ${paint("cyan", command)}`,
      ]),
    ),
  ];
}

type Fact = readonly [name: string, value: string | undefined];

function listFacts(finding: Finding, now: Instant): readonly Fact[] {
  const { role, arn, roleId, evidence, reference, referenceSource } = finding;
  const source = referenceSource && `${referenceSource.title}, dated ${referenceSource.date}`;
  const links = findConsoleLinks(finding);
  return [
    ["Role", `${role.name} in account ${role.account}`],
    ["ARN", arn],
    ["Role id", roleId],
    ["Part", evidence.part.toString()],
    ["Type", evidence.kind === "drift" ? `drift, ${evidence.side}` : evidence.kind],
    ["Reference", [reference, source].filter((each) => each !== undefined).join(": ") || undefined],
    ["First seen", finding.firstSeenAt],
    ["Opened", `${finding.openedAt} (${formatAge(finding, now)} ago)`],
    ["Last seen", finding.lastSeenAt],
    ["Console", links.role],
  ];
}

function listActorFacts(finding: Finding): readonly Fact[] {
  const { causedBy, origin, evidence } = finding;
  const actor = causedBy ?? ("actor" in evidence ? evidence.actor : undefined);
  if (actor === undefined) return [];
  const eventId = origin?.changeId ?? ("changeId" in evidence ? evidence.changeId : undefined);
  return [
    ["Actor", formatActor(actor)],
    ["Role", actor.issuer],
    ["Tool", `${toolOf(actor)}, as the user agent claims`],
    ["User agent", actor.userAgent],
    ["Address", actor.sourceIp],
    ["Access key", actor.accessKeyId],
    ["Call", origin && `${origin.call} at ${origin.at} in ${origin.region}`],
    ["Event id", eventId],
    ["CloudTrail", findConsoleLinks(finding).event],
  ];
}

function formatFacts(facts: readonly Fact[], columns: number): readonly string[] {
  return facts.flatMap(([name, value]) =>
    value === undefined
      ? []
      : wrap(
          sanitise(value, 1000),
          columns,
          indent + padCell(name, nameWidth),
          " ".repeat(indent.length + nameWidth),
        ),
  );
}

function formatEvidence(evidence: Evidence, terminal: Terminal): readonly string[] {
  const { columns } = terminal;
  if (evidence.kind === "attempt" || evidence.kind === "impersonation") {
    return formatFacts(
      [
        ["Call", `${evidence.call} at ${evidence.at}`],
        ...(evidence.kind === "attempt"
          ? ([
              ["Refused", [evidence.code, evidence.message].filter((each) => each !== undefined).join(": ")],
            ] as const)
          : []),
        ["Calls before", evidence.earlier.length === 0 ? undefined : `${evidence.earlier.length}`],
      ],
      columns,
    );
  }
  const examples = evidence.kind === "drift" ? formatExamples(evidence.grants, columns) : [];
  return [...formatDetails(evidence, terminal, indent), ...examples];
}

// Each grant has one; a few show what the drift means.
const maxExamples = 5;

function formatExamples(grants: readonly Grant[], columns: number): readonly string[] {
  const examples = grants.flatMap((grant) => (grant.example ? [formatRequest(grant.example, grant)] : []));
  if (examples.length === 0) return [];
  return [
    `${indent}For example:`,
    ...[...new Set(examples)]
      .slice(0, maxExamples)
      .flatMap((text) => wrap(sanitise(text, 500), columns, `${indent}${indent}`, `${indent}${indent}  `)),
  ];
}

function formatTexts({ expected, found }: Finding, { paint, columns }: Terminal): readonly string[] {
  if (expected === undefined && found === undefined) return [];
  const lines = (text: string | undefined) => (text === undefined ? [] : linesOf(text));
  return diffLines(lines(expected), lines(found)).map(({ mark, text }) => {
    const line = `${indent}${mark} ${sanitise(text, Math.max(columns - indent.length - 2, 20))}`;
    return mark === " " ? line : paint(mark === "+" ? "green" : "red", line);
  });
}

// `findings history` shows all.
const maxHistory = 8;

/** Returns transitions as lines, the oldest first; of more than `most`, the newest. */
export function formatHistory(
  history: readonly Transition[],
  columns: number,
  most = history.length,
): readonly string[] {
  const left = history.length - most;
  return [
    ...(left > 0
      ? [`${indent}${left} earlier ${left === 1 ? "entry" : "entries"}: see findings history`]
      : []),
    ...history.slice(Math.max(left, 0)).flatMap((transition) => {
      const { at, finding } = transition;
      const text = `${formatEvent(transition)} (${finding.severity})${formatWho(transition)}${formatWhy(transition)}`;
      return wrap(text, columns, `${indent}${at}  `, " ".repeat(indent.length + at.length + 2));
    }),
  ];
}

// The actor made the drift. It neither accepted it nor ended an exception.
function formatWho({ kind, actor, exception }: Transition): string {
  if (actor === undefined || exception !== undefined || kind === "suppressed") return "";
  return ` by ${formatActor(actor)}`;
}

function formatWhy({ note, exception }: Transition): string {
  if (exception !== undefined) {
    const { owner, expires, reason } = exception;
    return `: that of ${sanitise(owner, 300)} until ${expires}: ${sanitise(reason, 500)}`;
  }
  return note === undefined ? "" : `: ${sanitise(note, 500)}`;
}
