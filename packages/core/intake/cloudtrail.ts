import * as z from "zod";
import type { Actor } from "../model/actor.ts";
import type { Outcome } from "../model/change.ts";
import { Instant } from "../model/instant.ts";
import { RegionName } from "../model/region-name.ts";
import { parseEngineTime, parseJsonText } from "./exported-values.ts";

// Records of real trails have null, "None" or nothing in fields that the guide documents as text. CloudTrail cuts user agents
// and error messages at 1 KB (docs/aws-facts.md, "CloudTrail records"), and every other text of these is shorter; a record
// from elsewhere may not be cut. A cut within a character leaves half of it, which no store returns as it was written.
const text = z.preprocess(
  (value) => (typeof value === "string" && value !== "" ? value.slice(0, 1024).toWellFormed() : undefined),
  z.string().optional(),
);

const IdentityObject = z
  .looseObject({
    type: text,
    arn: text,
    accountId: text,
    invokedBy: text,
    accessKeyId: text,
    sessionContext: z
      .looseObject({ sessionIssuer: z.looseObject({ arn: text }).nullish().catch(null) })
      .nullish()
      .catch(null),
  })
  .nullish()
  .catch(null);
const Identity = z.preprocess(parseJsonText, IdentityObject);

// Query engines keep these members as JSON text (docs/aws-facts.md, "CloudTrail records").
const parameters = z.preprocess(parseJsonText, z.record(z.string(), z.unknown()).nullish().catch(null));

// A malformed field counts as absent, unless the guard needs it.
const RecordFields = z.looseObject({
  // CloudTrail's ids have 36 characters. A finding keeps those of many calls.
  eventID: z.string().min(1).max(128),
  eventTime: z.preprocess(parseEngineTime, Instant),
  eventSource: z.string().min(1),
  eventName: z.string().min(1),
  awsRegion: RegionName.optional().catch(undefined),
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

/** A CloudTrail record with the fields that the guard uses. Names of fields in lower case, as Athena writes them, are read too. */
export const CloudTrailRecord = z.preprocess(nameFields, RecordFields);
export type CloudTrailRecord = z.infer<typeof RecordFields>;

/** Whether a record has parameters that are no JSON object, so that the target of its call is unknown. */
export function hasUnreadableParameters(record: unknown): boolean {
  const named = nameFields(record);
  if (typeof named !== "object" || named === null || !("requestParameters" in named)) return false;
  const parsed = parseJsonText(named.requestParameters);
  return parsed !== null && parsed !== undefined && (typeof parsed !== "object" || Array.isArray(parsed));
}

function nameFields(value: unknown): unknown {
  if (typeof value !== "object" || value === null || "eventName" in value || !("eventname" in value))
    return value;
  const names = new Map(Object.keys(RecordFields.shape).map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [names.get(name) ?? name, member]));
}

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
    ...(identity?.accessKeyId && { accessKeyId: identity.accessKeyId }),
    ...(record.sourceIPAddress && { sourceIp: record.sourceIPAddress }),
    ...(record.userAgent && { userAgent: record.userAgent }),
  };
}

// Codes by which AWS denies a call to its caller (docs/aws-facts.md, "CloudTrail records"). Every other code says that the
// call failed for another reason: Throttling, EntityAlreadyExists, NoSuchEntity, ConcurrentModification, ValidationError, …
const denialCodes =
  /^(?:\w+\.)?(?:\w*accessdenied|unauthorized|notauthorized|authorizationerror|unmodifiableentity)/i;

// What AWS prints for a denial, whatever the code ("Troubleshoot access denied error messages", IAM User Guide).
const denialText = /\bis not authorized to perform: |\bwith an explicit deny in an? /;

// Faults of the service (HTTP status 5xx), after which nobody knows whether the call was carried out (docs/aws-facts.md,
// "CloudTrail records").
const faultCodes =
  /^(?:Server\.)?(?:Internal(?:Failure|Error|Server(?:Error|Failure|Exception)?|ServiceError)|Server(?:Exception|Error)|Service(?:Failure|Unavailable)|Unavailable)(?:Exception)?$/i;

/** Returns whether the call succeeded: EventBridge delivers failed calls too (docs/aws-facts.md, "EventBridge delivery"). */
export function outcomeOf(record: CloudTrailRecord): Outcome {
  // Some captured records and exports have the text "None" or "null" for an absent value.
  if (!record.errorCode || /^(?:none|null)$/i.test(record.errorCode)) return { status: "succeeded" };
  const isDenied = denialCodes.test(record.errorCode) || denialText.test(record.errorMessage ?? "");
  const error = {
    code: record.errorCode,
    ...(record.errorMessage && { message: record.errorMessage }),
  };
  if (isDenied) return { status: "refused", ...error };
  return { status: "failed", ...error, ...(faultCodes.test(record.errorCode) && { mayHaveChanged: true }) };
}
