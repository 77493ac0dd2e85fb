import type { Assessment, VendorChange } from "@drift-guard/core/model/evidence";
import type { Severity } from "@drift-guard/core/model/finding";
import { isOlderVersion } from "@drift-guard/core/model/policy-arn";
import { formatGrants } from "@drift-guard/formats/grants";
import { sanitise } from "@drift-guard/formats/printable";
import type { RatedAssessment, RoleCheck } from "./role-check.ts";
import { padCell, type Style, type Terminal, wrap } from "./terminal.ts";

const indent = "  ";
const severityWidth = 15;
const sideWidth = 15;

/** One guarded role with all its differences, as a table whose rows are followed by their grants. */
export function formatRoleCheck(verdict: RoleCheck, terminal: Terminal): readonly string[] {
  const { role, status, assessments, problem, reference, arn } = verdict;
  const { paint, columns } = terminal;
  const origin = `compared with ${reference.title} of ${reference.date}`;
  const heading = `${padCell("SEVERITY", severityWidth)}${padCell("SIDE", sideWidth)}PART AND GRANTS`;
  return [
    `${paint("bold", sanitise(role))}  ${paint(statusStyle(status), formatStatus(status))}`,
    ...[...(arn === undefined ? [] : [sanitise(arn)]), origin].flatMap((text) =>
      wrap(text, columns, indent).map((line) => paint("dim", line)),
    ),
    ...(problem === undefined ? [] : wrap(sanitise(problem, 1000), columns, indent)),
    ...(assessments.length === 0 ? [] : ["", indent + paint("underline", heading)]),
    ...assessments.flatMap((assessment) => formatAssessment(assessment, terminal)),
  ];
}

/** One difference: severity, side and part in a row, and the grants, detail or reasons beneath it. */
export function formatAssessment(assessment: RatedAssessment, terminal: Terminal): readonly string[] {
  const { severity, part } = assessment;
  const { kind, name } = part;
  const row =
    indent +
    terminal.paint(severityStyle(severity), padCell(severity, severityWidth)) +
    padCell(sideOf(assessment), sideWidth) +
    (name === undefined ? kind : `${kind} ${sanitise(name)}`);
  return [row, ...formatDetails(assessment, terminal)];
}

/** The grants of a difference, one to a line: `+` for what came, `-` for what went. */
export function formatDetails(
  assessment: Assessment,
  { columns, paint }: Terminal,
  margin = "      ",
): readonly string[] {
  const marked = (mark: "+" | "-", lines: readonly string[]) =>
    lines
      .flatMap((line) => wrap(line, columns, `${margin}${mark} `, `${margin}    `))
      .map((line) => paint(mark === "+" ? "green" : "red", line));
  const deny = (lines: readonly string[]) => lines.map((line) => `deny ${line}`);
  const said = (texts: readonly string[]) =>
    texts.flatMap((text) => wrap(sanitise(text, 600), columns, margin));
  switch (assessment.kind) {
    case "drift": {
      const { side, grants, denies, detail } = assessment;
      const gains = side === "excess";
      return [
        ...(detail === undefined ? [] : said([detail])),
        ...marked(gains ? "+" : "-", formatGrants(grants)),
        ...marked(gains ? "-" : "+", deny(formatGrants(denies))),
      ];
    }
    case "undecided":
      return said(assessment.reasons);
    case "note":
      return [...said(assessment.details), ...marked("+", formatGrants(assessment.grants))];
    case "vendor-change":
      return [
        ...said([`${formatVersions(assessment)} This is information, not drift.`]),
        ...marked("+", formatGrants(assessment.added)),
        ...marked("-", formatGrants(assessment.removed)),
      ];
  }
}

/** Which version AWS published, or went back to. */
function formatVersions({ version, since }: Pick<VendorChange, "version" | "since">): string {
  return since !== undefined && isOlderVersion(version, since)
    ? `AWS went back to ${version}; the reference is of ${since}.`
    : `AWS published ${version}; the reference is older.`;
}

/** The style of a severity. */
export function severityStyle(severity: Severity): Style {
  switch (severity) {
    case "CRITICAL":
      return ["bold", "red"];
    case "HIGH":
      return "red";
    case "MEDIUM":
      return "yellow";
    case "LOW":
    case "INFORMATIONAL":
      return "dim";
  }
}

function sideOf(assessment: Assessment): string {
  return assessment.kind === "drift" ? assessment.side : assessment.kind;
}

function formatStatus(status: RoleCheck["status"]): string {
  switch (status) {
    case "absent":
      return "clean: it does not exist, and need not";
    case "undecided":
      return "could not tell";
    case "unreadable":
      return "could not be read";
    default:
      return status;
  }
}

function statusStyle(status: RoleCheck["status"]): Style {
  switch (status) {
    case "clean":
    case "absent":
      return "green";
    case "drift":
      return "red";
    case "undecided":
    case "unreadable":
      return "yellow";
  }
}
