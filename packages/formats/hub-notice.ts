import { Severity } from "@drift-guard/core/model/severity";
import type { Announcement } from "./announcement.ts";
import { chatLimits } from "./chat.ts";
import { formatProse, joinWithin } from "./chat-text.ts";
import { describeEvidence } from "./evidence.ts";
import { cutMiddle, defang, formatTime, sanitise, sanitiseAscii, wrap } from "./printable.ts";
import { findNextCommand, planCommandOf, type RemediationCommand } from "./remediation.ts";
import { quoteArgument } from "./steps.ts";

/** What somebody did in Security Hub with one finding. */
export type HubAnswer =
  /** They suppressed it. `until`: when that ends; left out where it has no effect. */
  | { readonly kind: "suppressed"; readonly announcement: Announcement; readonly until?: string }
  /** They chose a custom action. */
  | { readonly kind: "action"; readonly announcement: Announcement; readonly action: string };

/** A finding whose suppression in Security Hub has ended. */
export interface EndedSuppression {
  readonly announcement: Announcement;
  readonly endedAt: string;
}

/** News about Security Hub, which people are told. */
export type HubNotice =
  /** It is not enabled in the guard's account and Region. */
  | { readonly kind: "disabled"; readonly account: string; readonly region: string; readonly since: string }
  | HubAnswer
  /** Suppressions there have ended, so that people are told of these findings again. At least one. */
  | { readonly kind: "ended"; readonly findings: readonly EndedSuppression[] }
  /** Several answers that came at once. */
  | { readonly kind: "several"; readonly answers: readonly HubAnswer[] };

/**
 * Returns the subject and body of the message about Security Hub: what happened, what it means, and what to do next. The
 * subject has fewer than 100 characters of printable ASCII. No text from outside is a link.
 */
export function formatHubText(notice: HubNotice): { readonly subject: string; readonly body: string } {
  const lines = [...wrap(`${titleOf(notice)}.`), "", ...linesOf(notice), ...commandLines(commandOf(notice))];
  return { subject: subjectOf(notice), body: `${lines.join("\n")}\n` };
}

/** Returns the same as JSON in the schema of Amazon Q Developer in chat applications (docs/aws-facts.md, "SNS and chat"). */
export function formatHubChat(notice: HubNotice): string {
  const title = formatProse(titleOf(notice), chatLimits.title);
  // A command that is cut or altered does something else, so that another command prints it.
  const command = [commandOf(notice), planOf(notice)].find(
    (each) => each && !each.command.includes("`") && each.command.length <= maxChatCommand,
  );
  const lines = [...linesOf(notice), ...commandLines(command)].map((line) => line.replaceAll("`", "'"));
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    content: {
      textType: "client-markdown",
      title,
      // In a block of code, no text of a person is markup.
      description: `\`\`\`\n${joinWithin(lines, chatLimits.description - 10)}\n\`\`\``,
    },
    metadata: {
      threadId: threadOf(notice),
      summary: title,
      eventType: `drift-guard.securityhub.${notice.kind}`,
    },
  });
}

const maxChatCommand = 4000;
const maxSubject = 99;

function titleOf(notice: HubNotice): string {
  switch (notice.kind) {
    case "disabled":
      return `Security Hub is not enabled in ${sanitise(notice.region)} of account ${sanitise(notice.account)}`;
    case "suppressed":
      return notice.until === undefined
        ? `A CRITICAL finding of ${roleOf(notice)} was suppressed in Security Hub; you are still told of it`
        : `A finding of ${roleOf(notice)} was suppressed in Security Hub`;
    case "action":
      return `Somebody asks in Security Hub for an action on ${roleOf(notice)}`;
    case "ended": {
      const [first, ...others] = notice.findings;
      return first !== undefined && others.length === 0
        ? `A finding of ${roleOf(first)} is told again: its suppression in Security Hub has ended`
        : `${notice.findings.length} findings are told again: their suppressions in Security Hub have ended`;
    }
    case "several":
      return countAnswers(notice.answers);
  }
}

function countAnswers(answers: readonly HubAnswer[]): string {
  const suppressed = answers.filter(({ kind }) => kind === "suppressed").length;
  const actions = answers.length - suppressed;
  const parts = [
    ...(suppressed > 0
      ? [`${suppressed} ${suppressed === 1 ? "finding was" : "findings were"} suppressed in Security Hub`]
      : []),
    ...(actions > 0
      ? [
          `somebody asks in Security Hub for an action on ${actions} ${actions === 1 ? "finding" : "findings"}`,
        ]
      : []),
  ].join("; ");
  return parts.charAt(0).toUpperCase() + parts.slice(1);
}

// A long name loses its middle, so that what happened is whole.
function subjectOf(notice: HubNotice): string {
  if (notice.kind === "disabled") return sanitiseAscii(`drift-guard: ${titleOf(notice)}`, maxSubject);
  if (notice.kind === "several") {
    return sanitiseAscii(`drift-guard ${worstOf(notice.answers)}: ${titleOf(notice)}`, maxSubject);
  }
  if (notice.kind === "ended") {
    const [first, ...others] = notice.findings;
    const start = `drift-guard ${worstOf(notice.findings)}: told again, no longer suppressed in Security Hub: `;
    const of =
      first !== undefined && others.length === 0 ? roleOf(first) : `${notice.findings.length} findings`;
    return sanitiseAscii(`${start}${cutMiddle(of, maxSubject - start.length)}`, maxSubject);
  }
  const what =
    notice.kind === "action"
      ? "somebody asks in Security Hub for an action on"
      : `suppressed in Security Hub, ${notice.until === undefined ? "still told" : "not told again"}:`;
  const start = `drift-guard ${notice.announcement.transition.finding.severity}: ${what} `;
  return sanitiseAscii(`${start}${cutMiddle(roleOf(notice), maxSubject - start.length)}`, maxSubject);
}

function worstOf(answers: readonly About[]): Severity {
  const severities = answers.map(({ announcement }) => announcement.transition.finding.severity);
  return Severity.options.find((severity) => severities.includes(severity)) ?? "INFORMATIONAL";
}

function threadOf(notice: HubNotice): string {
  switch (notice.kind) {
    case "disabled":
      return `securityhub-${notice.since}`;
    case "ended":
      return "securityhub-ended";
    case "several":
      return "securityhub-answers";
    case "suppressed":
    case "action":
      return sanitise(notice.announcement.transition.finding.id);
  }
}

function linesOf(notice: HubNotice): readonly string[] {
  switch (notice.kind) {
    case "disabled":
      return [
        `Since    ${formatTime(notice.since)}`,
        `Account  ${sanitise(notice.account)}`,
        `Region   ${sanitise(notice.region)}`,
        "",
        ...wrap(
          "drift-guard keeps the findings, and imports them with the first sweep after Security Hub CSPM is enabled.",
        ),
        "This message is sent once. People are told of findings as before.",
        "Or set securityHub to false in drift-guard.config.ts, and deploy again.",
      ];
    case "suppressed":
      return [
        ...findingLines(notice.announcement),
        "By       a user of Security Hub",
        ...(notice.until === undefined ? [] : [`Until    ${formatTime(notice.until)}`]),
        "",
        ...wrap(meaningOf(notice)),
        ...wrap(
          "A rollback of this finding is not affected, and you are told of it. To accept the finding, a person must suppress it with drift-guard.",
        ),
        "",
        "To undo this, set the finding's workflow status to NEW in Security Hub.",
      ];
    case "ended":
      return [
        ...notice.findings.toSorted(byUrgency).flatMap(({ announcement, endedAt }) => {
          const { finding } = announcement.transition;
          const line = `${finding.severity}: ${titleOfFinding(announcement)}; suppression ended ${formatTime(endedAt)}; finding ${sanitise(finding.id)}`;
          return wrap(defang(line), "  - ", "    ");
        }),
        "",
        ...wrap(
          "They are still open, and people are told of them again. Their workflow status in Security Hub is NEW; to suppress one for 30 more days, set it to SUPPRESSED.",
        ),
      ];
    case "action":
      return [
        ...findingLines(notice.announcement),
        `Action   ${defang(sanitise(notice.action, 100))}`,
        "",
        ...wrap(distrust),
        ...(isOpen(notice) ? [] : ["The finding is not open: there is nothing to do."]),
      ];
    case "several": {
      const { answers } = notice;
      return [
        ...answers.toSorted(byUrgency).flatMap(describeAnswer),
        "",
        ...(answers.some(({ kind }) => kind === "suppressed")
          ? wrap(
              "You are not told of exactly these suppressed differences again until then; of a CRITICAL finding you are still told. Rollbacks are not affected. To undo a suppression, set the finding's workflow status to NEW in Security Hub.",
            )
          : []),
        ...(answers.some(({ kind }) => kind === "action") ? wrap(distrust) : []),
      ];
    }
  }
}

const distrust =
  "drift-guard does nothing by itself on such a request: Security Hub does not prove who makes it.";

function meaningOf({ until }: Extract<HubAnswer, { kind: "suppressed" }>): string {
  return until === undefined
    ? "Security Hub never keeps people from being told of a CRITICAL finding."
    : "Until then, you are not told of exactly these differences again. Further differences are told.";
}

function describeAnswer(answer: HubAnswer): readonly string[] {
  const { finding } = answer.announcement.transition;
  const end =
    answer.kind === "action"
      ? `action ${sanitise(answer.action, 100)}`
      : answer.until === undefined
        ? "suppressed, still told"
        : `suppressed until ${formatTime(answer.until)}`;
  const line = `${finding.severity}: ${titleOfFinding(answer.announcement)}; ${end}; finding ${sanitise(finding.id)}`;
  return wrap(defang(line), "  - ", "    ");
}

type About = { readonly announcement: Announcement };

function byUrgency(a: About, b: About): number {
  const rank = ({ announcement }: About) =>
    Severity.options.indexOf(announcement.transition.finding.severity);
  return rank(a) - rank(b);
}

/** The one command to run next; undefined if nothing is left to do. */
function commandOf(notice: HubNotice): RemediationCommand | undefined {
  switch (notice.kind) {
    case "disabled":
      return {
        purpose: "enable it",
        command: `aws securityhub enable-security-hub --no-enable-default-standards --region ${quoteArgument(notice.region)}`,
      };
    case "suppressed":
      return undefined;
    case "ended":
      return listCommandOf(notice.findings);
    case "action":
      return isOpen(notice) ? (findNextCommand(notice.announcement) ?? planOf(notice)) : undefined;
    case "several":
      return listCommandOf(notice.answers);
  }
}

function listCommandOf([first]: readonly About[]): RemediationCommand | undefined {
  const stage = first?.announcement.stage;
  if (stage === undefined) return undefined;
  return {
    purpose: "see the findings as they are now",
    command: `npx drift-guard findings list --stage ${quoteArgument(stage)}`,
  };
}

function planOf(notice: HubNotice): RemediationCommand | undefined {
  return notice.kind === "action" && isOpen(notice)
    ? planCommandOf(notice.announcement.transition.finding)
    : undefined;
}

function isOpen({ announcement }: HubAnswer): boolean {
  return announcement.transition.finding.state === "open";
}

// A command stays as it is, on one line, to be pasted.
function commandLines(next: RemediationCommand | undefined): readonly string[] {
  return next === undefined ? [] : ["", ...wrap(defang(`To ${next.purpose}:`)), `  ${next.command}`];
}

function findingLines(announcement: Announcement): readonly string[] {
  const { finding } = announcement.transition;
  return [
    ...wrap(defang(titleOfFinding(announcement)), "Finding  ", "         "),
    `Severity ${finding.severity}`,
    `Id       ${sanitise(finding.id)}`,
    `Account  ${sanitise(finding.role.account)}`,
  ];
}

function titleOfFinding({ transition: { finding } }: Announcement): string {
  return sanitise(describeEvidence(finding.evidence, finding.role.name, finding.reference).title, 1000);
}

function roleOf({ announcement }: About): string {
  return defang(sanitise(announcement.transition.finding.role.name, 64));
}
