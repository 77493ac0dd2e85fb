import * as z from "zod";
import { optionalText } from "../batch/batch.ts";
import { MessageUnreadableError } from "../errors.ts";
import { formatFirstIssue } from "../issues.ts";
import { type Change, mayHaveChanged, type Recheck, RecheckMessage } from "../model/change.ts";
import { Instant } from "../model/instant.ts";
import { actorOf, CloudTrailRecord, hasUnreadableParameters, outcomeOf } from "./cloudtrail.ts";
import { parseJsonText } from "./exported-values.ts";
import { linkedRoleDetails } from "./linked-role-details.ts";
import { digestRollbackCall } from "./rollback-call.ts";
import { subjectsOf } from "./subjects.ts";
import { isSymptomType, readSymptom, type Symptom } from "./symptom.ts";
import { isWatched } from "./watched-calls.ts";
import { writtenPart } from "./written-part.ts";

/** The content of a message, for the guard to act on. */
export type Message =
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "recheck"; readonly recheck: Recheck }
  | { readonly kind: "symptom"; readonly symptom: Symptom }
  | {
      readonly kind: "irrelevant";
      readonly why: string;
      /** Set if the message cannot be by AWS: its parts name different services or accounts. */
      readonly foreign?: true;
    };

const Envelope = z.looseObject({
  source: z.string(),
  "detail-type": z.string(),
  account: optionalText,
  id: optionalText,
  time: optionalText,
  region: optionalText,
  resources: z.array(z.string()).optional().catch(undefined),
  // PutEvents and some exports hold the detail as JSON text.
  detail: z.preprocess(parseJsonText, z.unknown()),
});

// Only the pages for China print the second spelling (docs/aws-facts.md, "EventBridge delivery").
const carriers: readonly string[] = [
  "AWS API Call via CloudTrail",
  "Amazon API Call via CloudTrail",
  "AWS Service Event via CloudTrail",
];

/** Parses a message of the changes queue: an EventBridge envelope or a recheck. Throws `MessageUnreadableError`. */
export function parseMessage(body: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new MessageUnreadableError("The message is not JSON.", { cause });
  }
  if (typeof value === "object" && value !== null && ("recheck" in value || "everyRole" in value)) {
    const recheck = RecheckMessage.safeParse(value);
    if (recheck.success) return { kind: "recheck", recheck: recheck.data };
    throw unreadable("recheck", recheck.error, value);
  }
  return parseEnvelope(value);
}

/** Returns the message of the changes queue that requests a recheck. `parseMessage` parses it. */
export function formatRecheck(recheck: Recheck): string {
  return JSON.stringify(z.encode(RecheckMessage, recheck));
}

/** Parses an EventBridge envelope. Throws `MessageUnreadableError` with the field's name. */
export function parseEnvelope(value: unknown): Message {
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) throw unreadable("EventBridge envelope", envelope.error, value);
  const { detail, account, source, "detail-type": type } = envelope.data;
  if (isSymptomType(type)) {
    if (source !== "aws.batch") return foreign(`its source is ${quote(source)} and not aws.batch`);
    const time = Instant.safeParse(envelope.data.time);
    if (!time.success) throw unreadable("time of the EventBridge envelope", time.error, envelope.data.time);
    if (typeof detail !== "object" || detail === null) {
      throw new MessageUnreadableError("The detail of the EventBridge envelope is no JSON object.");
    }
    const read = readSymptom({ ...envelope.data, time: time.data });
    return "why" in read ? { kind: "irrelevant", why: read.why } : { kind: "symptom", symptom: read };
  }
  if (!carriers.includes(type))
    return { kind: "irrelevant", why: `${/^[aeiou]/i.test(type) ? "an" : "a"} ${type} contains no API call` };
  const message = parseRecord(detail, account);
  return message.kind === "change" ? (findContradiction(message.change, envelope.data) ?? message) : message;
}

/** Returns a message as foreign if its envelope and its record name different services or accounts. */
function findContradiction(
  { call, account }: Change,
  { source, account: envelopeAccount = account }: z.infer<typeof Envelope>,
): Message | undefined {
  const expected = `aws.${call.replace(/:.*$/, "")}`;
  if (source !== expected) return foreign(`its source is ${quote(source)} and not ${expected}`);
  return envelopeAccount === account
    ? undefined
    : foreign(
        `EventBridge delivered it for account ${quote(envelopeAccount)}, and its record is of account ${quote(account)}`,
      );
}

function foreign(why: string): Message {
  return { kind: "irrelevant", why: `it is no event by AWS: ${why}`, foreign: true };
}

// A forged text may be long.
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}

/** Returns why a value of a trail contains no call: a digest file, or an Insights event; undefined for any other value. */
function whyNoCall(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("digestStartTime" in value && "digestEndTime" in value) {
    return "a digest file of CloudTrail names log files and contains no call";
  }
  const isInsight = "eventType" in value && value.eventType === "AwsCloudTrailInsight";
  return isInsight ? "an Insights event of CloudTrail counts calls and contains none" : undefined;
}

/** Parses a CloudTrail record; `account` is used if the record names none. Throws `MessageUnreadableError`. */
export function parseRecord(value: unknown, account?: string): Message {
  const why = whyNoCall(value);
  if (why !== undefined) return { kind: "irrelevant", why };
  const parsed = CloudTrailRecord.safeParse(value);
  if (!parsed.success) throw unreadable("CloudTrail record", parsed.error, value);
  const record = parsed.data;
  const service = record.eventSource.replace(/\.amazonaws\.com(?:\.cn)?$/, "");
  const call = `${service}:${record.eventName}`;
  if (!isWatched(service, record.eventName)) {
    return { kind: "irrelevant", why: `${call} cannot alter a role that Batch uses` };
  }
  const subjects = subjectsOf(record);
  const writes = service === "iam" ? writtenPart(record) : undefined;
  const callDigest = service === "iam" ? digestRollbackCall(record) : undefined;
  const outcome = outcomeOf(record);
  // A call that AWS may have carried out, on an unknown target, may concern every watched role.
  if (subjects.length === 0 && !mayHaveChanged(outcome)) {
    if (hasUnreadableParameters(value)) {
      throw new MessageUnreadableError(`The requestParameters of ${call} are no JSON object.`);
    }
    return {
      kind: "irrelevant",
      why: `${call} ${outcome.status === "refused" ? "was refused" : "failed"}, and its record names no role, policy or profile`,
    };
  }
  return {
    kind: "change",
    change: {
      id: record.eventID,
      at: record.eventTime,
      account: record.recipientAccountId ?? account ?? record.userIdentity?.accountId ?? "",
      region: record.awsRegion ?? "",
      call,
      actor: actorOf(record),
      outcome,
      subjects,
      ...(record.requestID && { requestId: record.requestID }),
      ...(writes && { writes }),
      ...(callDigest !== undefined && { callDigest }),
      ...linkedRoleDetails(record),
    },
  };
}

function unreadable(what: string, error: z.ZodError, value: unknown): MessageUnreadableError {
  return new MessageUnreadableError(`The ${what} cannot be read: ${formatFirstIssue(error, value)}`, {
    cause: error,
  });
}
