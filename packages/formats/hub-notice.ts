import type { Announcement } from "./announcement.ts";
import { describeEvidence } from "./evidence.ts";
import { sanitise } from "./printable.ts";
import { findNextCommand, planCommandOf } from "./remediation.ts";

/** News about Security Hub, which people are told. */
export type HubNotice =
  /** It is not enabled in the guard's account and Region. */
  | { readonly kind: "disabled"; readonly account: string; readonly region: string; readonly since: string }
  /** Somebody suppressed a finding there. `until`: when that ends; left out where it has no effect. */
  | { readonly kind: "suppressed"; readonly announcement: Announcement; readonly until?: string }
  /** Somebody chose a custom action there. */
  | { readonly kind: "action"; readonly announcement: Announcement; readonly action: string };

/** Returns the subject and body of the message about Security Hub: what happened, what it means, and what to do next. */
export function formatHubText(notice: HubNotice): { readonly subject: string; readonly body: string } {
  const title = titleOf(notice);
  return { subject: `drift-guard: ${title}`, body: `${[`${title}.`, "", ...linesOf(notice)].join("\n")}\n` };
}

/** Returns the same as JSON in the schema of Amazon Q Developer in chat applications (docs/aws-facts.md, "SNS and chat"). */
export function formatHubChat(notice: HubNotice): string {
  const title = titleOf(notice);
  const { body } = formatHubText(notice);
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    content: {
      textType: "client-markdown",
      title: sanitise(title, 250),
      // In a block of code, no text of a person is markup.
      description: `\`\`\`\n${body.replaceAll("`", "'")}\`\`\``,
    },
    metadata: {
      threadId:
        notice.kind === "disabled"
          ? `securityhub-${notice.since}`
          : notice.announcement.transition.finding.id,
      summary: title,
      eventType: `drift-guard.securityhub.${notice.kind}`,
    },
  });
}

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
  }
}

function linesOf(notice: HubNotice): readonly string[] {
  switch (notice.kind) {
    case "disabled":
      return [
        `Since    ${notice.since}`,
        `Account  ${sanitise(notice.account)}`,
        `Region   ${sanitise(notice.region)}`,
        "",
        "drift-guard keeps the findings, and imports them with the first sweep after Security Hub CSPM is enabled.",
        "This message is sent once. People are told of findings as before.",
        "",
        `Enable it:  aws securityhub enable-security-hub --no-enable-default-standards --region ${sanitise(notice.region)}`,
        "Or set securityHub to false in drift-guard.config.ts, and deploy again.",
      ];
    case "suppressed":
      return [
        ...findingLines(notice.announcement),
        `By       a user of Security Hub`,
        ...(notice.until === undefined ? [] : [`Until    ${notice.until}`]),
        "",
        notice.until === undefined
          ? "Security Hub never keeps people from being told of a CRITICAL finding."
          : "Until then, you are not told of exactly these differences again. Further differences are told.",
        "A rollback of this finding is not affected, and you are told of it. To accept the finding, a person must suppress it with drift-guard.",
        "",
        "To undo this, set the finding's workflow status to NEW in Security Hub.",
      ];
    case "action": {
      const { announcement, action } = notice;
      const { purpose, command } =
        findNextCommand(announcement) ?? planCommandOf(announcement.transition.finding);
      return [
        ...findingLines(announcement),
        `Action   ${sanitise(action, 100)}`,
        "",
        "drift-guard does nothing by itself on such a request: Security Hub does not prove who makes it.",
        "",
        `To ${purpose}:  ${command}`,
      ];
    }
  }
}

function findingLines({ transition: { finding } }: Announcement): readonly string[] {
  const { title } = describeEvidence(finding.evidence, finding.role.name, finding.reference);
  return [
    `Finding  ${title}`,
    `Severity ${finding.severity}`,
    `Id       ${finding.id}`,
    `Account  ${sanitise(finding.role.account)}`,
  ];
}

function roleOf({ announcement }: { readonly announcement: Announcement }): string {
  return sanitise(announcement.transition.finding.role.name, 64);
}
