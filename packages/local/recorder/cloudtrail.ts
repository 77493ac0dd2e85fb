import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { type ApiCall, lowerFirst, readTypedValue } from "./call.ts";
import { type CallerIdentity, formatEventTime, resultOf } from "./callers.ts";
import type { HttpResponse } from "./http.ts";
import { elementAt, isList, readXml, textAt, type Xml } from "./xml.ts";

/** The services with XML errors, of those whose errors are read or made here. */
export const xmlServices: ReadonlySet<string> = new Set(["iam", "sts", "sns"]);

/** The error of a failed call, as the service's response states it. */
export interface CallFailure {
  /** The error code, such as `NoSuchEntity`. */
  readonly code: string;
  readonly message: string;
}

const readOnlyActions = /^(?:Get|List|Describe|Simulate|Generate|BatchGet)[A-Z]/;

/**
 * Whether CloudTrail marks the call `readOnly`. The guard's rules never receive such calls (docs/aws-facts.md,
 * "EventBridge delivery").
 */
export function isReadOnly(call: ApiCall): boolean {
  return readOnlyActions.test(call.action) || call.service === "sts";
}

/** Whether the local trail records the call: a write to IAM or AWS Batch, the services that the guard watches. */
export function isRecorded(call: ApiCall): boolean {
  return (call.service === "iam" || call.service === "batch") && !isReadOnly(call);
}

/** A call with everything else that its CloudTrail record states. */
export interface RecordedCall {
  readonly call: ApiCall;
  readonly response: HttpResponse;
  readonly caller: CallerIdentity;
  /** The record's `eventID`. */
  readonly id: string;
  readonly requestId: string;
  /** When the response arrived. */
  readonly at: Date;
  readonly sourceIp: string;
  readonly userAgent: string;
}

/** Returns the CloudTrail record of a call (docs/aws-facts.md, "CloudTrail records"). */
export function recordCall(recorded: RecordedCall): CloudTrailRecord {
  const { call, caller, response } = recorded;
  const failure = failureOf(call, response);
  // CloudTrail records no parameters of a denied call: only the message names the target.
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
      errorCode: call.service === "iam" ? recordedCode(failure.code) : failure.code,
      errorMessage: failure.message.slice(0, 1024),
    }),
    requestParameters: denied || Object.keys(call.parameters).length === 0 ? null : { ...call.parameters },
    responseElements: failure ? null : describeResponse(call, response),
    requestID: recorded.requestId,
    eventID: recorded.id,
    readOnly: isReadOnly(call),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: caller.accountId,
    eventCategory: "Management",
  };
}

/** Returns the error of a failed call; undefined if the call succeeded. */
export function failureOf(call: ApiCall, response: HttpResponse): CallFailure | undefined {
  if (response.status < 400) return undefined;
  const text = Buffer.from(response.body).toString();
  if (xmlServices.has(call.service)) {
    const error = elementAt(readXml(text), "ErrorResponse", "Error");
    return { code: textAt(error, "Code") || "InternalFailure", message: textAt(error, "Message") };
  }
  const error = readJson(text);
  const type = response.headers["x-amzn-errortype"] ?? error.__type ?? error.code;
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

// Codes that a record spells as IAM does; NoSuchEntity becomes NoSuchEntityException (docs/aws-facts.md, "CloudTrail
// records").
const sameInRecords = /Exception$|^(?:AccessDenied|Throttling|ValidationError|ExpiredToken|InternalFailure)$/;

function recordedCode(code: string): string {
  return sameInRecords.test(code) ? code : `${code}Exception`;
}

function describeResponse(call: ApiCall, response: HttpResponse): Record<string, unknown> | null {
  const text = Buffer.from(response.body).toString();
  if (call.service === "batch") {
    const value = readJson(text);
    return Object.keys(value).length === 0 ? null : { ...value };
  }
  const result = resultOf(call, readXml(text));
  return result === undefined || typeof result === "string" || isList(result) ? null : describeFields(result);
}

function describeFields(xml: { readonly [name: string]: Xml }): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(xml).map(([name, value]) => [lowerFirst(name), describeValue(lowerFirst(name), value)]),
  );
}

function describeValue(name: string, xml: Xml): unknown {
  if (isList(xml)) return xml.map((member) => describeValue("", member));
  if (typeof xml !== "string") return describeFields(xml);
  if (xml === "" && (name === "roles" || name === "tags")) return [];
  if (/Date$/.test(name) && !Number.isNaN(Date.parse(xml))) return formatDate(xml);
  return readTypedValue(name, xml);
}

const dateFormat = new Intl.DateTimeFormat("en-US", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
});

// Response elements have dates such as `Feb 22, 2026, 4:11:47 PM`, with U+202F before PM in records since about 2024.
function formatDate(text: string): string {
  return dateFormat.format(new Date(text)).replace(/\s(?=[AP]M$)/, "\u202f");
}
