import type { Finding } from "@drift-guard/core/model/finding";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { partitionOf } from "./role-arn.ts";

/** Pages of the AWS console about a finding. They need a session in the finding's account. */
export interface ConsoleLinks {
  /** The role's page; left out for a name that IAM does not take. */
  readonly role?: string;
  /** CloudTrail's page of the call that caused the finding, in its event history of 90 days; left out if no such call is known. */
  readonly event?: string;
}

// docs/aws-facts.md, "Regions and partitions".
const hosts: Readonly<Record<string, string>> = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-us-gov": "console.amazonaws-us-gov.com",
};

/**
 * Returns the pages of a finding's role and of the call that caused it, in the console of the role's partition; none for a
 * partition whose console has no known address. Names and ids stand in them encoded, and cannot lead to another page.
 */
export function findConsoleLinks(
  finding: Pick<Finding, "arn" | "evidence" | "role" | "origin">,
): ConsoleLinks {
  const partition = partitionOf(finding);
  const host = hosts[partition];
  if (host === undefined) return {};
  const { role, origin, evidence } = finding;
  const eventId = origin?.changeId ?? ("changeId" in evidence ? evidence.changeId : undefined);
  const region = origin?.region ?? iamRegionOf(partition);
  return {
    ...(isRoleName(role.name) && {
      role: `https://${host}/iam/home#/roles/details/${encodeText(role.name)}`,
    }),
    ...(eventId !== undefined &&
      isEventId(eventId) &&
      isRegion(region) && {
        event: `https://${region}.${host}/cloudtrailv2/home?region=${region}#/events/${eventId}`,
      }),
  };
}

// What IAM takes as a name (docs/aws-facts.md, "Lengths of names"): other names have no page.
function isRoleName(name: string): boolean {
  return /^[\w+=,.@-]{1,64}$/.test(name);
}

// CloudTrail's ids are UUIDs.
function isEventId(id: string): boolean {
  return /^[\w-]{1,64}$/.test(id);
}

// Chat programs take underscores for emphasis, and end a link before a full stop at its end.
function encodeText(text: string): string {
  return encodeURIComponent(text).replaceAll("_", "%5F").replaceAll(".", "%2E");
}

// The Region becomes a part of the host name.
function isRegion(region: string): boolean {
  return /^[a-z]{2,4}(?:-[a-z]+)+-\d+$/.test(region);
}
