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
 * any number of them. Wrappers are those of LookupEvents, CloudTrail Lake, CloudWatch Logs and its Insights, SQS,
 * SNS, Data Firehose, Lambda events of these and reports of failed invocations, log shippers, and JSON text (docs/aws-facts.md, "CloudTrail records").
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
  if (typeof value === "string") return open(parseJson(value, "The text"), depth + 1);
  if (!isObject(value)) return [{ message: parseRecord(value) }];
  const why = whyEmpty(value);
  if (why !== undefined) return [{ message: { kind: "irrelevant", why } }];
  const list = listIn(value);
  if (list !== undefined) return list.flatMap((each) => openEach(each, depth));
  const inner = wrappedIn(value);
  if (inner !== undefined) return open(inner, depth + 1);
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
  for (const name of ["Records", "Events", "Messages", "logEvents", "events", "records"]) {
    if (!Object.hasOwn(value, name)) continue;
    const written = value[name];
    const list = typeof written === "string" ? parseJson(written, `The text in ${name}`) : written;
    if (list === null) return [];
    if (Array.isArray(list)) return list;
  }
  // Each row of CloudTrail Lake is a list of columns, each an object with one member.
  const { QueryResultRows: rows, results } = value;
  if (Array.isArray(rows)) return rows.map((row) => joinColumns(row, (column) => Object.entries(column)));
  // Each row of CloudWatch Logs Insights is a list of `{field, value}`.
  if (!Array.isArray(results)) return undefined;
  return results.map((row) => joinColumns(row, ({ field, value: cell }) => [[String(field), cell]]));
}

function joinColumns(
  row: unknown,
  entriesOf: (column: JsonObject) => readonly (readonly [name: string, value: unknown])[],
): unknown {
  return Array.isArray(row) ? Object.fromEntries(row.filter(isObject).flatMap(entriesOf)) : row;
}

/** The value that a wrapper of one value holds; undefined if the value is no such wrapper. */
function wrappedIn(value: JsonObject): unknown {
  const { awslogs, kinesis, Sns, CloudTrailEvent, recordId, data, Data } = value;
  const eventJson = value.eventJson ?? value.eventjson;
  if (typeof CloudTrailEvent === "string") return parseJson(CloudTrailEvent, "The text in CloudTrailEvent");
  if (typeof eventJson === "string") return parseJson(eventJson, "The text in eventJson");
  if (typeof recordId === "string" && typeof data === "string") return inflate(data, "data");
  if (isObject(awslogs) && typeof awslogs.data === "string") return inflate(awslogs.data, "awslogs.data");
  if (typeof Data === "string" && "PartitionKey" in value) return inflate(Data, "Data");
  if (isObject(kinesis) && typeof kinesis.data === "string") return inflate(kinesis.data, "kinesis.data");
  if (isObject(Sns) && typeof Sns.Message === "string")
    return parseJson(Sns.Message, "The text in Sns.Message");
  if ("eventName" in value || "eventname" in value || "detail" in value) return undefined;
  for (const [name, mark] of [
    ["Body", /^(?:MessageId|ReceiptHandle|MD5OfBody)$/],
    ["body", /^(?:messageId|receiptHandle|md5OfBody)$/],
    ["Message", /^(?:TopicArn|Type)$/],
    ["@message", /^@(?:timestamp|ptr|log)/],
    ["message", /^(?:timestamp|id|eventId|ingestionTime|logStreamName|@timestamp)$/],
  ] as const) {
    const held = value[name];
    if (!Object.keys(value).some((key) => mark.test(key))) continue;
    // A pipe of EventBridge parses the body.
    if (isObject(held)) return held;
    if (typeof held === "string") return parseJson(held, `The text in ${name}`);
  }
  if ("requestPayload" in value && "requestContext" in value) return value.requestPayload ?? undefined;
  // Data sets and log shippers wrap each record or envelope in an object of their own.
  return isObject(value.record) ? value.record : isObject(value.event) ? value.event : undefined;
}

/** Why a wrapper holds no record; undefined if the value is something else. */
function whyEmpty(value: JsonObject): string | undefined {
  const isControl = typeof value.message === "string" && value.message.startsWith("CWL CONTROL MESSAGE");
  if (value.messageType === "CONTROL_MESSAGE" || isControl)
    return "a control message of CloudWatch Logs contains no record";
  if ("s3Bucket" in value && "s3ObjectKey" in value) {
    return "a notification of CloudTrail names log files and contains no call";
  }
  if (value.Event === "s3:TestEvent") return "a test event of S3 contains no call";
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
