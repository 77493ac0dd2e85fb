import type { Config } from "@drift-guard/core/config/config";
import { writesNothing } from "@drift-guard/core/config/rollback-choice";
import type { FirstReport } from "@drift-guard/core/model/first-report";
import { addSeconds, type Instant } from "@drift-guard/core/model/instant";
import { observingDays } from "@drift-guard/core/model/observing";
import { Severity } from "@drift-guard/core/model/severity";
import type { Transition } from "@drift-guard/core/model/transition";
import { formatValue } from "./attributes.ts";
import { chatLimits } from "./chat.ts";
import { formatProse } from "./chat-text.ts";
import { describeEvidence } from "./evidence.ts";
import { defang, formatTime, sanitise, sanitiseAscii, wrap } from "./printable.ts";
import { quoteArgument } from "./steps.ts";

/** The first report of a new deployment, and what is known at the time of sending. */
export interface FirstReportNotice {
  readonly report: FirstReport;
  /** The last transitions of the worst findings, the worst first, as far as they are stored. */
  readonly worst: readonly Transition[];
  readonly config: Pick<Config, "roles">;
  /** The observing phase, with its end if that is known; left out if rollback acts already. */
  readonly observing?: { readonly until?: Instant };
  /** The stage of the deployment; left out for an embedded guard. */
  readonly stage?: string;
}

/** The first report in the forms that subscribers receive. */
export interface FirstReportText {
  /** Fewer than 100 characters of printable ASCII. */
  readonly subject: string;
  readonly text: string;
  /** JSON in the schema of custom notifications of Amazon Q Developer in chat applications. */
  readonly chat: string;
  /** The same as JSON, for programs. */
  readonly json: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * Returns the message with which a new deployment begins: what the first sweep found, what the guard does about it and when,
 * and the command to run next. No text from outside is a link.
 */
export function formatFirstReport(notice: FirstReportNotice): FirstReportText {
  const { report, stage, observing } = notice;
  const counts = countOpen(report);
  const total = Object.values(report.open).reduce((sum, count) => sum + count, 0);
  const roles = count(report.roles, "role");
  const result = total === 0 ? "all as their references say" : `${count(total, "open finding")} (${counts})`;
  const title = `First report on ${roles}: ${result}`;
  const place = stage === undefined ? "" : ` --stage ${quoteArgument(stage)}`;
  const command = `npx drift-guard findings list${place}`;
  const worst = notice.worst.map(formatFinding);
  const account = sanitise(report.account, 12);
  const text = [
    `${title}, in account ${account}.`,
    [formatBegin(report), ...formatGaps(report)].flatMap((line) => wrap(line)).join("\n"),
    ...(worst.length === 0
      ? []
      : [["The worst:", ...worst.flatMap((line) => wrap(defang(line), "  - ", "    "))].join("\n")]),
    formatRollback(notice)
      .flatMap((line) => wrap(line))
      .join("\n"),
    wrap("You get no message for each of these findings. What changes from now on is told by itself.").join(
      "\n",
    ),
    `To see the findings:\n  ${command}`,
    ...(observing === undefined || writtenRoles(notice) === 0
      ? []
      : [`To have rollback begin earlier:\n  npx drift-guard rollback enable${place}`]),
    `Report ${sanitise(report.id)}, ${formatTime(report.at)}`,
  ];
  const severity = Severity.options.find((each) => report.open[each] !== undefined) ?? "INFORMATIONAL";
  return {
    subject: sanitiseAscii(`drift-guard ${severity}: ${title}`, 99),
    text: `${text.join("\n\n")}\n`,
    chat: JSON.stringify({
      version: "1.0",
      source: "custom",
      id: report.id,
      content: {
        textType: "client-markdown",
        title: formatProse(`${severity}, ${title}`, chatLimits.title),
        description: [
          formatBegin(report),
          ...formatGaps(report),
          ...worst.map((line) => `• ${line}`),
          ...formatRollback(notice),
        ]
          .map((line) => formatProse(line, 500))
          .join("\n"),
        nextSteps: [`To see the findings: \`${command.replaceAll("`", "'")}\``],
        keywords: [severity, "first report"],
      },
      metadata: {
        threadId: report.id,
        summary: formatProse(title, chatLimits.title),
        eventType: "drift-guard.report",
      },
    }),
    json: JSON.stringify({
      schema: 1,
      id: report.id,
      kind: "report",
      severity,
      account: report.account,
      title,
      roles: report.roles,
      open: report.open,
      accepted: report.accepted,
      command,
    }),
    attributes: {
      id: formatValue(report.id),
      severity,
      kind: "report",
      account: formatValue(report.account),
    },
  };
}

function countOpen({ open }: FirstReport): string {
  return Severity.options
    .flatMap((severity) => (open[severity] === undefined ? [] : [`${open[severity]} ${severity}`]))
    .join(", ");
}

function formatBegin({ incomplete }: FirstReport): string {
  return incomplete
    ? "drift-guard works here, but no sweep was complete in its first day: some roles were not read, and their findings are missing in this report."
    : "drift-guard works here: its first sweep read every role that it watches.";
}

function formatGaps({ unreadRegions, accepted }: FirstReport): readonly string[] {
  return [
    ...(unreadRegions.length > 0
      ? [`AWS Batch could not be read in ${unreadRegions.map((region) => sanitise(region, 40)).join(", ")}.`]
      : []),
    ...(accepted > 0
      ? [`${count(accepted, "further finding")} ${accepted === 1 ? "is" : "are"} accepted.`]
      : []),
  ];
}

function formatFinding({ finding }: Transition): string {
  const { title } = describeEvidence(finding.evidence, finding.role.name, finding.reference);
  return `${finding.severity}: ${sanitise(title, 200)}; finding ${sanitise(finding.id.slice(0, 12))}`;
}

function writtenRoles({ config }: Pick<FirstReportNotice, "config">): number {
  return Object.values(config.roles).filter(({ rollback }) => !writesNothing(rollback)).length;
}

/** What the guard does about these findings, and from when. */
function formatRollback({ report, config, observing }: FirstReportNotice): readonly string[] {
  const written = writtenRoles({ config });
  if (written === 0) return ["Rollback is off for every role: drift-guard reports, and changes nothing."];
  const roles = count(written, "role");
  if (observing === undefined) {
    return [`Rollback is enabled for ${roles}: drift-guard rolls drift back as the configuration says.`];
  }
  const until = observing.until ?? addSeconds(report.at, observingDays * 86_400);
  return [
    `Rollback of ${roles} only observes until ${formatTime(until)}: it writes nothing that nobody approved, and records what it would do.`,
    "After that, it rolls drift back as the configuration says, also what is listed here. Accept what is meant before.",
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
