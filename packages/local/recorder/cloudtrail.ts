import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { type ApiCall, lowerFirst, readTypedValue } from "./call.ts";
import { type CallerIdentity, formatEventTime, resultOf } from "./callers.ts";
import { elementAt, isList, readXml, textAt, type Xml } from "./xml.ts";

/** An HTTP answer to an API call. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** Why a call failed, as the service's answer says. */
export interface CallFailure {
  readonly code: string;
  readonly message: string;
}

// Calls that read, by which CloudTrail sets readOnly. None of those is delivered to a rule that is plainly enabled.
const reading = /^(?:Get|List|Describe|Simulate|Generate|BatchGet)[A-Z]/;

/**
 * Returns whether CloudTrail marks the call `readOnly`, so that EventBridge does not deliver it (docs/aws-facts.md,
 * "EventBridge delivery").
 */
export function isReadOnly(call: ApiCall): boolean {
  return reading.test(call.action) || call.service === "sts";
}

/** Whether the local trail tells the call's service: those whose changes the guard watches. */
export function isRecorded(call: ApiCall): boolean {
  return (call.service === "iam" || call.service === "batch") && !isReadOnly(call);
}

/** Everything that a record is made of. */
export interface RecordedCall {
  readonly call: ApiCall;
  readonly answer: HttpResponse;
  readonly caller: CallerIdentity;
  /** The record's `eventID`. */
  readonly id: string;
  readonly requestId: string;
  readonly at: Date;
  readonly sourceIp: string;
  readonly userAgent: string;
}

/** Returns the CloudTrail record of a call, in the shape of real records (docs/aws-facts.md, "CloudTrail records"). */
export function recordCall(recorded: RecordedCall): CloudTrailRecord {
  const { call, caller, answer } = recorded;
  const failure = failureOf(call, answer);
  // Of a denied call CloudTrail keeps no parameters: its target is in the message alone.
  const denied = failure !== undefined && /^AccessDenied/.test(failure.code);
  return {
    eventVersion: "1.11",
    userIdentity: { ...caller },
    eventTime: formatEventTime(recorded.at),
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.action,
    awsRegion: call.service === "iam" ? iamRegionOf("aws") : call.region,
    sourceIPAddress: recorded.sourceIp,
    userAgent: recorded.userAgent.slice(0, 1024),
    ...(failure && {
      errorCode: call.service === "iam" ? trailCode(failure.code) : failure.code,
      errorMessage: failure.message.slice(0, 1024),
    }),
    requestParameters: denied || Object.keys(call.parameters).length === 0 ? null : { ...call.parameters },
    responseElements: failure ? null : responseElements(call, answer),
    requestID: recorded.requestId,
    eventID: recorded.id,
    readOnly: isReadOnly(call),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: caller.accountId,
    eventCategory: "Management",
  };
}

/** Why the call failed; nothing where it succeeded. */
export function failureOf(call: ApiCall, answer: HttpResponse): CallFailure | undefined {
  if (answer.status < 400) return undefined;
  const text = Buffer.from(answer.body).toString();
  if (call.service === "iam" || call.service === "sts") {
    const error = elementAt(readXml(text), "ErrorResponse", "Error");
    return { code: textAt(error, "Code") || "InternalFailure", message: textAt(error, "Message") };
  }
  const error = readJson(text);
  const type = answer.headers["x-amzn-errortype"] ?? error.__type ?? error.code;
  // `com.amazonaws.batch#ClientException:http://…` is ClientException.
  const code = typeof type === "string" ? type.replace(/^.*#/, "").replace(/:.*$/, "") : "InternalFailure";
  const message = error.message ?? error.Message;
  return { code, message: typeof message === "string" ? message : "" };
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

// CloudTrail renames IAM's error codes: NoSuchEntity becomes NoSuchEntityException (docs/aws-facts.md, "CloudTrail
// records").
const sameOnTheTrail =
  /Exception$|^(?:AccessDenied|Throttling|ValidationError|ExpiredToken|InternalFailure)$/;

function trailCode(code: string): string {
  return sameOnTheTrail.test(code) ? code : `${code}Exception`;
}

function responseElements(call: ApiCall, answer: HttpResponse): Record<string, unknown> | null {
  const text = Buffer.from(answer.body).toString();
  if (call.service === "batch") {
    const value = readJson(text);
    return Object.keys(value).length === 0 ? null : { ...value };
  }
  const result = resultOf(call, readXml(text));
  return result === undefined || typeof result === "string" || isList(result) ? null : fields(result);
}

function fields(xml: { readonly [name: string]: Xml }): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(xml).map(([name, value]) => [lowerFirst(name), trailValue(lowerFirst(name), value)]),
  );
}

function trailValue(name: string, xml: Xml): unknown {
  if (isList(xml)) return xml.map((member) => trailValue("", member));
  if (typeof xml !== "string") return fields(xml);
  if (xml === "" && (name === "roles" || name === "tags")) return [];
  if (/Date$/.test(name) && !Number.isNaN(Date.parse(xml))) return trailTime(xml);
  return readTypedValue(name, xml);
}

const trailDate = new Intl.DateTimeFormat("en-US", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
});

// `Feb 22, 2026, 4:11:47 PM` with U+202F before PM, as in records since about 2024.
function trailTime(text: string): string {
  return trailDate.format(new Date(text)).replace(/\s(?=[AP]M$)/, "\u202f");
}
