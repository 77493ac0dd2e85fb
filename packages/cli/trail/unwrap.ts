import { gunzipSync } from "node:zlib";
import { formatCause, MessageUnreadableError } from "@drift-guard/core/errors";
import { type Message, parseEnvelope, parseMessage, parseRecord } from "@drift-guard/core/intake/message";
import { formatJsonFault } from "@drift-guard/core/issues";

/** What a value of a trail holds: a message, or the reason why a part of it is unreadable. */
export type Unwrapped =
  | { readonly message: Message; readonly problem?: never }
  | { readonly problem: string; readonly message?: never };

// No public wrapper has more than four levels (SQS around SNS around a list of records).
const maxDepth = 8;
// A subscription of CloudWatch Logs delivers at most 6 MB, the limit of a Lambda event.
const maxInflated = 64 * 1024 * 1024;

/**
 * Returns the messages that a value of a trail holds: a CloudTrail record or EventBridge envelope, or a wrapper around
 * any number of them. Wrappers are those of LookupEvents, CloudTrail Lake, CloudWatch Logs, SQS, SNS, Lambda events of
 * these, and log shippers (docs/aws-facts.md, "CloudTrail records").
 */
export function unwrap(value: unknown): readonly Unwrapped[] {
  try {
    return open(value, 0);
  } catch (error) {
    if (error instanceof MessageUnreadableError) return [{ problem: error.message }];
    throw error;
  }
}

function open(value: unknown, depth: number): readonly Unwrapped[] {
  if (depth > maxDepth) throw new MessageUnreadableError(`It has more than ${maxDepth} wrappers.`);
  if (Array.isArray(value)) return value.flatMap((each) => openEach(each, depth));
  if (!isObject(value)) return [{ message: parseRecord(value) }];
  const list = listIn(value);
  if (list !== undefined) return list.flatMap((each) => openEach(each, depth));
  const inner = wrappedIn(value);
  if (inner !== undefined) return open(inner, depth + 1);
  const why = whyEmpty(value);
  if (why !== undefined) return [{ message: { kind: "irrelevant", why } }];
  if ("recheck" in value || "everyRole" in value) return [{ message: parseMessage(JSON.stringify(value)) }];
  if ("detail" in value || "detail-type" in value) return [{ message: parseEnvelope(value) }];
  return [{ message: parseRecord(value) }];
}

// One unreadable member of a list leaves the others readable.
function openEach(value: unknown, depth: number): readonly Unwrapped[] {
  try {
    return open(value, depth + 1);
  } catch (error) {
    if (error instanceof MessageUnreadableError) return [{ problem: error.message }];
    throw error;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The list that a wrapper holds. A member that is null, or text of a list, is a list too. */
function listIn(value: JsonObject): readonly unknown[] | undefined {
  if ("eventName" in value || "eventname" in value || "detail" in value) return undefined;
  for (const name of ["Records", "Events", "Messages", "logEvents", "events"]) {
    if (!Object.hasOwn(value, name)) continue;
    const written = value[name];
    const list = typeof written === "string" ? parseJson(written, `The text in ${name}`) : written;
    if (list === null) return [];
    if (Array.isArray(list)) return list;
  }
  // Each row of CloudTrail Lake is a list of columns, each an object with one member.
  const { QueryResultRows: rows } = value;
  if (!Array.isArray(rows)) return undefined;
  return rows.map((row: unknown) =>
    Array.isArray(row)
      ? Object.fromEntries(row.filter(isObject).flatMap((column) => Object.entries(column)))
      : row,
  );
}

/** The value that a wrapper of one value holds; undefined if the value is no such wrapper. */
function wrappedIn(value: JsonObject): unknown {
  const { awslogs, kinesis, Sns, CloudTrailEvent } = value;
  if (typeof CloudTrailEvent === "string") return parseJson(CloudTrailEvent, "The text in CloudTrailEvent");
  if (isObject(awslogs) && typeof awslogs.data === "string") return inflate(awslogs.data, "awslogs.data");
  if (isObject(kinesis) && typeof kinesis.data === "string") return inflate(kinesis.data, "kinesis.data");
  if (isObject(Sns) && typeof Sns.Message === "string")
    return parseJson(Sns.Message, "The text in Sns.Message");
  if ("eventName" in value || "eventname" in value || "detail" in value) return undefined;
  for (const [name, mark] of [
    ["Body", /^(?:MessageId|ReceiptHandle|MD5OfBody)$/],
    ["body", /^(?:messageId|receiptHandle|md5OfBody)$/],
    ["Message", /^(?:TopicArn|Type)$/],
    ["message", /^(?:timestamp|id|eventId|ingestionTime|logStreamName|@timestamp)$/],
  ] as const) {
    const text = value[name];
    if (typeof text !== "string" || !Object.keys(value).some((key) => mark.test(key))) continue;
    return parseJson(text, `The text in ${name}`);
  }
  // Data sets and log shippers wrap each record or envelope in an object of their own.
  return isObject(value.record) ? value.record : isObject(value.event) ? value.event : undefined;
}

/** Why a wrapper holds no record; undefined if the value is something else. */
function whyEmpty(value: JsonObject): string | undefined {
  if (value.messageType === "CONTROL_MESSAGE")
    return "a control message of CloudWatch Logs contains no record";
  if ("s3Bucket" in value && "s3ObjectKey" in value) {
    return "a notification of CloudTrail names log files and contains no call";
  }
  if (value.eventSource === "aws:s3") return "a notification of S3 names an object and contains no call";
  if (Array.isArray(value.Contents)) {
    throw new MessageUnreadableError(
      "It is a listing of S3 objects and contains no record. Download the objects, and give explain their folder.",
    );
  }
  return undefined;
}

function inflate(text: string, what: string): unknown {
  const bytes = Buffer.from(text, "base64");
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    const inflated = isGzip ? gunzipSync(bytes, { maxOutputLength: maxInflated }) : bytes;
    return parseJson(inflated.toString("utf8"), `The data in ${what}`);
  } catch (cause) {
    if (cause instanceof MessageUnreadableError) throw cause;
    throw new MessageUnreadableError(`The data in ${what} cannot be decompressed: ${formatCause(cause)}.`, {
      cause,
    });
  }
}

/** Parses a JSON text of a trail; `what` names it. Throws `MessageUnreadableError` with the place of the fault. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MessageUnreadableError(`${what} is not JSON (${formatJsonFault(text)} of it).`, { cause });
  }
}
