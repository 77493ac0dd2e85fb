import * as z from "zod";
import type { Actor } from "../model/actor.ts";
import type { Outcome } from "../model/change.ts";
import { Instant } from "../model/instant.ts";

// Records of real trails have null, "None" or nothing in fields that the guide documents as text.
const text = z.preprocess(
  (value) => (typeof value === "string" && value !== "" ? value : undefined),
  z.string().optional(),
);

const Identity = z
  .looseObject({
    type: text,
    arn: text,
    accountId: text,
    invokedBy: text,
    sessionContext: z
      .looseObject({ sessionIssuer: z.looseObject({ arn: text }).nullish().catch(null) })
      .nullish()
      .catch(null),
  })
  .nullish()
  .catch(null);

const parameters = z.record(z.string(), z.unknown()).nullish().catch(null);

// A query engine writes a space for the T and omits the zone, which is UTC in CloudTrail.
function normaliseTime(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)?$/, "$1T$2Z");
}

/** The fields of a CloudTrail record that the guard uses. A malformed field counts as absent, unless the guard needs it. */
export const CloudTrailRecord = z.looseObject({
  eventID: z.string().min(1),
  eventTime: z.preprocess(normaliseTime, Instant),
  eventSource: z.string().min(1),
  eventName: z.string().min(1),
  awsRegion: text,
  userIdentity: Identity,
  sourceIPAddress: text,
  userAgent: text,
  requestParameters: parameters,
  responseElements: parameters,
  errorCode: text,
  errorMessage: text,
  requestID: text,
  recipientAccountId: text,
});
export type CloudTrailRecord = z.infer<typeof CloudTrailRecord>;

/** Returns the caller. Fields that `userIdentity` lacks are left out. */
export function actorOf(record: CloudTrailRecord): Actor {
  const identity = record.userIdentity;
  const arn = identity?.arn;
  const issuer = identity?.sessionContext?.sessionIssuer?.arn;
  const session = arn && /:assumed-role\/[^/]+\/(.+)$/.exec(arn)?.[1];
  return {
    type: identity?.type ?? "Unknown",
    ...(arn && { arn }),
    ...(identity?.accountId && { account: identity.accountId }),
    ...(issuer && { issuer }),
    ...(session && { session }),
    ...(identity?.invokedBy && { service: identity.invokedBy }),
    ...(record.sourceIPAddress && { sourceIp: record.sourceIPAddress }),
    ...(record.userAgent && { userAgent: record.userAgent }),
  };
}

/** Returns whether the call succeeded: EventBridge delivers failed calls too (docs/aws-facts.md, "EventBridge delivery"). */
export function outcomeOf(record: CloudTrailRecord): Outcome {
  // Some captured records have the text "None" for an absent value.
  if (!record.errorCode || record.errorCode === "None") return { status: "succeeded" };
  return {
    status: "refused",
    code: record.errorCode,
    ...(record.errorMessage && { message: record.errorMessage }),
  };
}
