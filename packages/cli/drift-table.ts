import {
  type Assessment,
  deniesAdded,
  deniesRemoved,
  type VendorChange,
} from "@drift-guard/core/model/evidence";
import { isOlderVersion } from "@drift-guard/core/model/managed-policy";
import { isSetting } from "@drift-guard/core/model/part";
import type { Severity } from "@drift-guard/core/model/severity";
import { formatFixAdvice } from "@drift-guard/formats/fix-advice";
import { sanitise } from "@drift-guard/formats/printable";
import { formatStep } from "@drift-guard/formats/steps";
import { formatGrantLines } from "./grant-lines.ts";
import type { RatedAssessment, RoleCheck, RolePlan } from "./output/check.ts";
import { padCell, type Style, type Terminal, wrap } from "./terminal.ts";

const indent = "  ";
const severityWidth = 15;
const typeWidth = 15;

/** One watched role with its differences: a table whose rows are followed by their grants. */
export function formatRoleCheck(verdict: RoleCheck, terminal: Terminal): readonly string[] {
  const { role, status, assessments, problem, reference, arn, plan } = verdict;
  const { paint, columns } = terminal;
  const origin = `compared with ${reference.title}, dated ${reference.date}`;
  const heading = `${padCell("SEVERITY", severityWidth)}${padCell("TYPE", typeWidth)}PART`;
  return [
    `${paint("bold", sanitise(role))}  ${paint(statusStyle(status), formatStatus(status))}`,
    ...[...(arn === undefined ? [] : [sanitise(arn)]), origin].flatMap((text) =>
      wrap(text, columns, indent).map((line) => paint("dim", line)),
    ),
    ...(problem === undefined ? [] : wrap(sanitise(problem, 1000), columns, indent)),
    ...(assessments.length === 0 ? [] : ["", indent + paint("underline", heading)]),
    ...assessments.flatMap((assessment) => [
      ...formatAssessment(assessment, terminal),
      ...formatAdvice(assessment, terminal),
    ]),
    ...(plan ? formatPlan(plan, verdict.account, terminal) : []),
  ];
}

/** What to do about a difference. Notes say it themselves, and a version that AWS published needs nothing. */
function formatAdvice(assessment: RatedAssessment, { columns }: Terminal): readonly string[] {
  const say = (text: string) => wrap(text, columns, "      ", "        ");
  if (assessment.kind === "undecided") {
    return assessment.part.kind === "permissions" || isSetting(assessment.part)
      ? []
      : say("To do: compare this part by eye, or write it in a form that can be compared.");
  }
  if (assessment.kind !== "drift" || !assessment.fix) return [];
  const { fix } = assessment;
  if (fix.kind === "manual") return say(`To do: ${sanitise(fix.why, 1000)}`);
  return [...say(`Fix: ${fix.steps.map(formatStep).join(", then ")}.`), ...formatFixAdvice(fix).flatMap(say)];
}

/** The commands of a plan, which are never wrapped: a command on two lines is two commands. */
function formatPlan(
  { groups, left }: RolePlan,
  account: string,
  { columns, paint }: Terminal,
): readonly string[] {
  const say = (text: string) => wrap(text, columns, indent);
  const first = `These commands fix it in account ${sanitise(account, 40)}. They were tried on a copy of the role:`;
  const list = [...Map.groupBy(left, ({ why }) => why)].flatMap(([why, same]) => {
    const drifts = same.map(({ part, side }) => `${sanitise(`${part}`)}, ${side}`).join("; ");
    return wrap(`${drifts}: ${sanitise(why, 1000)}`, columns, `${indent}- `, `${indent}  `);
  });
  return [
    ...groups.flatMap(({ commands, warning }, index) => [
      "",
      ...(index === 0 ? say(first) : []),
      ...(warning === undefined ? [] : say(`Before the next commands: ${sanitise(warning, 1000)}`)),
      ...commands.map((command) => indent + paint("cyan", command)),
    ]),
    ...(list.length === 0
      ? []
      : ["", ...say(groups.length === 0 ? "No command fixes:" : "They do not fix:"), ...list]),
  ];
}

/** One difference: a row with severity, type and part, followed by its grants, detail or reasons. */
export function formatAssessment(assessment: RatedAssessment, terminal: Terminal): readonly string[] {
  const { severity, part } = assessment;
  const { kind, name } = part;
  const cells =
    indent +
    terminal.paint(severityStyle(severity), padCell(severity, severityWidth)) +
    padCell(typeOf(assessment), typeWidth);
  const row = wrap(name === undefined ? kind : `${kind} ${sanitise(name)}`, terminal.columns, cells, "    ");
  return [...row, ...formatDetails(assessment, terminal)];
}

/** The grants of a difference, one per line: `+` for what the role gained, `-` for what it lost. */
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
  const paragraphs = (texts: readonly string[]) =>
    texts.flatMap((text) => wrap(sanitise(text, 600), columns, margin));
  switch (assessment.kind) {
    case "drift": {
      const { side, grants, detail } = assessment;
      return [
        ...(detail === undefined ? [] : paragraphs([detail])),
        ...marked(side === "missing" ? "-" : "+", formatGrantLines(grants)),
        ...marked("-", deny(formatGrantLines(deniesRemoved(assessment)))),
        ...marked("+", deny(formatGrantLines(deniesAdded(assessment)))),
      ];
    }
    case "undecided":
      return paragraphs(assessment.reasons);
    case "note":
      return [...paragraphs(assessment.details), ...marked("+", formatGrantLines(assessment.grants))];
    case "vendor-change":
      return [
        ...paragraphs([formatVendorChange(assessment)]),
        ...marked("+", formatGrantLines(assessment.added)),
        ...marked("-", formatGrantLines(assessment.removed)),
      ];
  }
}

function formatVendorChange({ version, since, lost }: VendorChange): string {
  const change =
    since === undefined
      ? `AWS's default version is ${version}, as this partition counts its versions.`
      : isOlderVersion(version, since)
        ? `AWS returned to ${version}; the reference has ${since}.`
        : `AWS published ${version}; the newest version before it that the guard knows is ${since}.`;
  return lost
    ? `${change} No other policy of the role allows all that AWS removed.`
    : `${change} This is information, not drift.`;
}

/** The style that a severity is printed in. */
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

function typeOf(assessment: Assessment): string {
  return assessment.kind === "drift" ? assessment.side : assessment.kind;
}

function formatStatus(status: RoleCheck["status"]): string {
  switch (status) {
    case "absent":
      return "absent, and not known to be required";
    case "undecided":
      return "unknown";
    case "unreadable":
      return "unreadable";
    default:
      return status;
  }
}

function statusStyle(status: RoleCheck["status"]): Style {
  switch (status) {
    case "clean":
      return "green";
    case "absent":
      return "dim";
    case "drift":
      return "red";
    case "undecided":
    case "unreadable":
      return "yellow";
  }
}

/** What the commands that read no guard's records do not know, and the command that does, as sentences. */
export const unknownSessions =
  "Who could assume a role before is not known here: somebody may have a running session, which would get what is restored. npx drift-guard rollback plan ROLE --stage NAME says what stands against each step.";

/** The same where no guard is named, whose records hold people's decisions too. */
export const unknownHistory =
  "Exceptions, pauses, and who could assume a role before are not known here: somebody may have a running session, which would get what is restored. If a guard is deployed, npx drift-guard rollback plan ROLE --stage NAME says what stands against each step.";
