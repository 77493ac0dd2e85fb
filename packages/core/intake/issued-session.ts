import { MessageUnreadableError } from "../errors.ts";
import type { IssuedSession } from "../model/sessions.ts";
import { actorOf, CloudTrailRecord, outcomeOf } from "./cloudtrail.ts";

/** The calls to STS that issue sessions of a role (docs/aws-facts.md, "Event history"). */
const issuingCalls: readonly string[] = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"];

/** A session, and whether an AWS service asked for it. */
export interface SessionRecord extends IssuedSession {
  readonly byService: boolean;
}

/**
 * Returns the session of a role that a CloudTrail record shows; undefined if it is a record of another call, of another
 * role, or of a call that failed. Throws `MessageUnreadableError` for a value that is no record.
 */
export function parseSession(value: unknown, roleArn: string): SessionRecord | undefined {
  const parsed = CloudTrailRecord.safeParse(value);
  if (!parsed.success) {
    throw new MessageUnreadableError("A record of CloudTrail cannot be read.", { cause: parsed.error });
  }
  const record = parsed.data;
  if (!record.eventSource.startsWith("sts.") || !issuingCalls.includes(record.eventName)) return undefined;
  const { roleArn: assumed, roleSessionName } = record.requestParameters ?? {};
  if (assumed !== roleArn || outcomeOf(record).status !== "succeeded") return undefined;
  const actor = actorOf(record);
  const accessKeyId = textAt(record.responseElements?.credentials, "accessKeyId");
  return {
    at: record.eventTime,
    region: record.awsRegion ?? "",
    call: `sts:${record.eventName}`,
    by: (actor.arn ?? actor.service ?? actor.account ?? actor.type).slice(0, 512),
    ...(actor.sourceIp !== undefined && { sourceIp: actor.sourceIp.slice(0, 64) }),
    ...(typeof roleSessionName === "string" && { session: roleSessionName.slice(0, 64) }),
    ...(accessKeyId !== undefined && { accessKeyId: accessKeyId.slice(0, 128) }),
    byService: actor.type === "AWSService",
  };
}

function textAt(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const member: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof member === "string" ? member : undefined;
}
