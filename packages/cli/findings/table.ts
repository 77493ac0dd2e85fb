import { lastSegment } from "@drift-guard/core/model/arn";
import { type Finding, FindingState } from "@drift-guard/core/model/finding";
import { type Instant, millisecondsBetween } from "@drift-guard/core/model/instant";
import { Severity } from "@drift-guard/core/model/severity";
import { sanitise, truncate } from "@drift-guard/formats/printable";
import { severityStyle } from "../drift-table.ts";
import { padCell, type Terminal } from "../terminal.ts";

/** What a table is drawn for. */
export interface TableInput {
  /** The listed findings, in their order. */
  readonly findings: readonly Finding[];
  /** Every stored finding: ids are shortened so that they stay unique. */
  readonly all: readonly Finding[];
  readonly now: Instant;
}

const gap = "  ";

/** Returns findings as a table with one line each. On a screen, no line is longer than it is wide. */
export function formatTable({ findings, all, now }: TableInput, terminal: Terminal): readonly string[] {
  if (findings.length === 0) return [];
  const { paint, isScreen } = terminal;
  const hasStates = new Set(findings.map(({ state }) => state)).size > 1;
  const hasAccounts = new Set(findings.map(({ role }) => role.account)).size > 1;
  const length = idLengthOf(all);
  const rows = findings.map((finding) => ({
    severity: finding.severity,
    fixed: [
      finding.severity,
      ...(hasStates ? [finding.state] : []),
      finding.id.slice(0, length),
      formatAge(finding, now),
    ],
    role: sanitise(hasAccounts ? `${finding.role.account}/${finding.role.name}` : finding.role.name, 80),
    what: formatWhat(finding),
  }));
  const heads = ["SEVERITY", ...(hasStates ? ["STATE"] : []), "ID", "AGE"];
  const widths = heads.map((head, index) => widest([head, ...rows.map(({ fixed }) => fixed[index] ?? "")]));
  const room =
    (isScreen ? terminal.columns : 10_000) -
    widths.reduce((sum, width) => sum + width + gap.length, 0) -
    gap.length;
  const roleWidth = widest(["ROLE", ...rows.map(({ role }) => role)]);
  const whatWidth = widest(["WHAT", ...rows.map(({ what }) => what)]);
  // Both are cut if both are long; neither takes room that the other leaves.
  const roles = Math.max(4, Math.min(roleWidth, Math.max(room - whatWidth, Math.floor(room * 0.45))));
  const cell = (text: string, width: number) => padCell(truncate(text, width), width);
  const head = [
    ...heads.map((each, index) => padCell(each, widths[index] ?? 0)),
    padCell("ROLE", roles),
    "WHAT",
  ];
  return [
    paint("dim", head.join(gap).slice(0, isScreen ? terminal.columns : undefined)),
    ...rows.map(({ severity, fixed: [first = "", ...others], role, what }) =>
      [
        paint(severityStyle(severity), padCell(first, widths[0] ?? 0)),
        ...others.map((text, index) => padCell(text, widths[index + 1] ?? 0)),
        cell(role, roles),
        truncate(what, Math.max(room - roles, 4)),
      ].join(gap),
    ),
  ];
}

/** Returns the last lines of a list: what is listed by severity, and what is left out. */
export function formatCounts({ findings, all }: Pick<TableInput, "findings" | "all">): string {
  const listed = Severity.options.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  const shown = new Set(findings);
  const left = FindingState.options.flatMap((state) => {
    const count = all.filter((finding) => finding.state === state && !shown.has(finding)).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const first = `${findings.length === 1 ? "1 finding" : `${findings.length} findings`}${listed.length === 0 ? "" : `: ${listed.join(", ")}`}.`;
  return left.length === 0 ? first : `${first} Not listed: ${left.join(", ")}.`;
}

/** Characters of an id that tell all findings apart, at least 8. */
function idLengthOf(all: readonly Finding[]): number {
  const ids = all.map(({ id }) => id).sort();
  return ids.reduce((length, id, index) => {
    const before = ids[index - 1] ?? "";
    let shared = 0;
    while (shared < id.length && before[shared] === id[shared]) shared += 1;
    return Math.max(length, Math.min(shared + 1, id.length));
  }, 8);
}

/** Returns how long ago a finding was opened: `5m`, `12h`, `3d`, `9w`. */
export function formatAge({ openedAt }: Pick<Finding, "openedAt">, now: Instant): string {
  const minutes = Math.max(0, Math.floor(millisecondsBetween(openedAt, now) / 60_000));
  if (minutes < 60) return `${minutes}m`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}h`;
  const days = Math.floor(minutes / 1440);
  return days < 100 ? `${days}d` : `${Math.floor(days / 7)}w`;
}

// The whole part is in `findings show`; the last segment of an ARN tells policies apart.
function formatWhat({ evidence }: Finding): string {
  const { kind, name } = evidence.part;
  const part = sanitise(name === undefined ? kind : `${kind} ${lastSegment(name)}`, 200);
  switch (evidence.kind) {
    case "drift":
      return `${evidence.side}: ${part}`;
    case "note":
      return `note: ${part}, ${evidence.topic}`;
    case "attempt":
    case "impersonation":
      return `${evidence.kind}: ${sanitise(evidence.call, 80)}`;
    default:
      return `${evidence.kind}: ${part}`;
  }
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, { length }) => Math.max(most, length), 0);
}
