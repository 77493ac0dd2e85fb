import type { Assessment, VendorChange } from "@drift-guard/core/model/evidence";
import type { Severity } from "@drift-guard/core/model/finding";
import { isOlderVersion } from "@drift-guard/core/model/policy-arn";
import { splitPart } from "@drift-guard/formats/evidence";
import { listGrants } from "@drift-guard/formats/grants";
import { plain } from "@drift-guard/formats/plain";
import { cell, type Style, type Terminal, wrap } from "./terminal.ts";
import type { RatedAssessment, Verdict } from "./verdict.ts";

const indent = "  ";
const severityWidth = 15;
const sideWidth = 15;

/** One guarded role with all its differences, as a table whose rows are followed by their grants. */
export function printVerdict(verdict: Verdict, terminal: Terminal): readonly string[] {
  const { role, status, assessments, problem, reference, arn } = verdict;
  const { paint, columns } = terminal;
  const origin = `compared with ${reference.title} of ${reference.date}`;
  const heading = `${cell("SEVERITY", severityWidth)}${cell("SIDE", sideWidth)}PART AND GRANTS`;
  return [
    `${paint("bold", plain(role))}  ${paint(statusStyle(status), printStatus(status))}`,
    ...[...(arn === undefined ? [] : [plain(arn)]), origin].flatMap((text) =>
      wrap(text, columns, indent).map((line) => paint("dim", line)),
    ),
    ...(problem === undefined ? [] : wrap(plain(problem, 1000), columns, indent)),
    ...(assessments.length === 0 ? [] : ["", indent + paint("underline", heading)]),
    ...assessments.flatMap((assessment) => printAssessment(assessment, terminal)),
  ];
}

/** One difference: severity, side and part in a row, and the grants, detail or reasons beneath it. */
export function printAssessment(assessment: RatedAssessment, terminal: Terminal): readonly string[] {
  const { severity, part } = assessment;
  const [kind, name] = splitPart(part);
  const row =
    indent +
    terminal.paint(severityStyle(severity), cell(severity, severityWidth)) +
    cell(sideOf(assessment), sideWidth) +
    (name === "" ? kind : `${kind} ${plain(name)}`);
  return [row, ...printSubstance(assessment, terminal)];
}

/** The grants of a difference, one to a line: `+` for what came, `-` for what went. */
export function printSubstance(
  assessment: Assessment,
  { columns, paint }: Terminal,
  margin = "      ",
): readonly string[] {
  const marked = (mark: "+" | "-", lines: readonly string[]) =>
    lines
      .flatMap((line) => wrap(line, columns, `${margin}${mark} `, `${margin}    `))
      .map((line) => paint(mark === "+" ? "green" : "red", line));
  const deny = (lines: readonly string[]) => lines.map((line) => `deny ${line}`);
  const said = (texts: readonly string[]) => texts.flatMap((text) => wrap(plain(text, 600), columns, margin));
  switch (assessment.kind) {
    case "drift": {
      const { side, grants, denies, detail } = assessment;
      const gains = side === "excess";
      return [
        ...(detail === undefined ? [] : said([detail])),
        ...marked(gains ? "+" : "-", listGrants(grants)),
        ...marked(gains ? "-" : "+", deny(listGrants(denies))),
      ];
    }
    case "undecided":
      return said(assessment.reasons);
    case "note":
      return [...said(assessment.details), ...marked("+", listGrants(assessment.grants))];
    case "vendor-change":
      return [
        ...said([`${printVersions(assessment)} This is information, not drift.`]),
        ...marked("+", listGrants(assessment.added)),
        ...marked("-", listGrants(assessment.removed)),
      ];
  }
}

/** Which version AWS published, or went back to. */
function printVersions({ version, since }: Pick<VendorChange, "version" | "since">): string {
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

function printStatus(status: Verdict["status"]): string {
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

function statusStyle(status: Verdict["status"]): Style {
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
