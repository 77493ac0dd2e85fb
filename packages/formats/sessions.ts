import type { Finding } from "@drift-guard/core/model/finding";
import type { Instant } from "@drift-guard/core/model/instant";
import { inlinePart } from "@drift-guard/core/model/part";
import type { IssuedSession } from "@drift-guard/core/model/sessions";
import { denyIssuedSessions } from "@drift-guard/core/rollback/revocation";
import type { DescribedList } from "./evidence.ts";
import { formatTime, sanitise } from "./printable.ts";
import { partitionOf } from "./role-arn.ts";
import { formatStepCommands } from "./steps.ts";

/** The sessions that were issued while the role's trust policy was too wide, and where they were looked for. */
export function describeSessions({ sessions }: Finding): readonly DescribedList[] {
  if (sessions === undefined) return [];
  const { issued, omitted = 0, byServices, regions, incomplete = [], since, until } = sessions;
  return [
    {
      heading: `Sessions of the role issued from ${formatTime(since)} to ${formatTime(until)}, as far as CloudTrail shows them`,
      lines: [
        ...issued.map(formatSession),
        ...(omitted > 0 ? [`and ${omitted} more`] : []),
        ...(byServices > 0 ? [`${byServices} that AWS services asked for`] : []),
        ...(issued.length + byServices === 0 ? ["none"] : []),
        `Looked at in ${regions.join(", ")}.`,
        ...(incomplete.length > 0 ? [`Not read, or not to the end: ${incomplete.join(", ")}.`] : []),
      ],
    },
  ];
}

function formatSession({ at, region, call, by, sourceIp, session, accessKeyId }: IssuedSession): string {
  return [
    `${formatTime(at)} ${call} in ${region} by ${by}`,
    ...(sourceIp === undefined ? [] : [`from ${sourceIp}`]),
    ...(session === undefined ? [] : [`session ${session}`]),
    ...(accessKeyId === undefined ? [] : [`access key ${accessKeyId}`]),
  ].join(", ");
}

/** How a person ends the sessions of a role. */
export interface SessionsEnd {
  /** Sessions that were issued before this time end. */
  readonly issuedBefore: Instant;
  /** The inline policy that ends them. */
  readonly policyName: string;
  /** One line. */
  readonly command: string;
}

/**
 * Returns the command that ends every session of the role that was issued before a time, in the form of IAM's console
 * (docs/aws-facts.md, "Sessions of a role"); undefined for names that no command can hold. `iam:PutRolePolicy` replaces a
 * policy of the same name, such as the console's, which may deny more: the policy has a name of its own.
 */
export function endSessions(finding: Finding, at: Instant): SessionsEnd | undefined {
  const { issuedBefore, document } = denyIssuedSessions(at);
  const policyName = `RevokedSessions-${formatTime(issuedBefore).replaceAll(/[^\dTZ]/g, "")}`;
  const step = { role: finding.role.name, part: inlinePart(policyName), call: "iam:PutRolePolicy" } as const;
  const commands = formatStepCommands({ ...step, policyName, document }, partitionOf(finding));
  return commands && { issuedBefore, policyName, command: commands.join(" && ") };
}

/** Returns a title about the sessions that a finding lists, and a short one; undefined if it lists none of strangers. */
export function nameSessions({
  role,
  sessions,
}: Finding): { readonly title: string; readonly brief: string } | undefined {
  const count = (sessions?.issued.length ?? 0) + (sessions?.omitted ?? 0);
  if (count === 0) return undefined;
  const some =
    count === 1 ? `1 session of ${sanitise(role.name)}` : `${count} sessions of ${sanitise(role.name)}`;
  return {
    title: `${some} ${count === 1 ? "was" : "were"} issued while its trust policy was too wide`,
    brief: `${some} ${count === 1 ? "lives" : "live"} on`,
  };
}
