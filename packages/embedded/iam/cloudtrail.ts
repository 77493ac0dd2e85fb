import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import type { IamAnswer, IamCall } from "./call.ts";
import { type ApiCaller, callerArn, describeUserIdentity, formatEventTime } from "./caller.ts";
import { linkedRoleArn } from "./linked-roles.ts";
import { describeResponse } from "./response-elements.ts";
import type { IamState } from "./state.ts";

type Fields = Readonly<Record<string, unknown>>;

/** CloudTrail's record of one IAM call. */
export interface TrailRecord {
  readonly eventVersion: string;
  readonly userIdentity: Fields;
  /** ISO 8601, to the second. */
  readonly eventTime: string;
  readonly eventSource: "iam.amazonaws.com";
  readonly eventName: IamCall["call"];
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Fields | null;
  readonly responseElements: Fields | null;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: false;
  readonly eventType: "AwsApiCall";
  readonly managementEvent: true;
  readonly recipientAccountId: string;
  readonly eventCategory: "Management";
}

/** CloudTrail's record in the envelope in which EventBridge delivers it. */
export interface EventEnvelope {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": "AWS API Call via CloudTrail";
  readonly source: "aws.iam";
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: TrailRecord;
}

/** Returns the event that CloudTrail and EventBridge produce for a call and its answer. */
export function recordCall(state: IamState, call: IamCall, by: ApiCaller, answer: IamAnswer): EventEnvelope {
  const time = formatEventTime(state.clock.now());
  const region = iamRegionOf(state.partition);
  // The record of a denied call names its target in the message only (docs/aws-facts.md, "CloudTrail records").
  const denied = answer.status === "refused" && answer.code === "AccessDenied";
  const detail: TrailRecord = {
    eventVersion: "1.11",
    userIdentity: describeUserIdentity(state, by),
    eventTime: time,
    eventSource: "iam.amazonaws.com",
    eventName: call.call,
    awsRegion: region,
    sourceIPAddress: serviceOf(by) ?? by.sourceIp ?? "198.51.100.1",
    userAgent: serviceOf(by) ?? by.userAgent ?? "aws-cli/2.32.3",
    ...(answer.status === "refused" && {
      errorCode: recordedCode(answer.code),
      errorMessage: answer.message,
    }),
    requestParameters: denied ? null : requestParameters(call),
    responseElements: answer.status === "done" ? describeResponse(state, call, answer.result) : null,
    requestID: answer.requestId,
    eventID: state.ids.uuid(),
    readOnly: false,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: state.account,
    eventCategory: "Management",
  };
  return {
    version: "0",
    id: state.ids.uuid(),
    "detail-type": "AWS API Call via CloudTrail",
    source: "aws.iam",
    account: state.account,
    time,
    region,
    resources: [],
    detail,
  };
}

/** Formats IAM's message for a caller who lacks the permission for a call. */
export function formatDenial(state: IamState, call: IamCall, by: ApiCaller): string {
  const action = `iam:${call.call}`;
  return (
    `User: ${callerArn(state, by)} is not authorized to perform: ${action} on resource: ${targetOf(state, call)} ` +
    `because no identity-based policy allows the ${action} action`
  );
}

function targetOf(state: IamState, call: IamCall): string {
  const arn = (resource: string) => `arn:${state.partition}:iam::${state.account}:${resource}`;
  switch (call.call) {
    case "CreateRole":
      return arn(`role${call.path ?? "/"}${call.roleName}`);
    case "CreateServiceLinkedRole":
      return linkedRoleArn(state, call.awsServiceName);
    case "CreatePolicy":
      return `policy ${call.policyName}`;
    case "CreatePolicyVersion":
    case "DeletePolicy":
      return `policy ${call.policyArn}`;
    case "SetDefaultPolicyVersion":
    case "DeletePolicyVersion":
      return `policy ${call.policyArn} version ${call.versionId}`;
    case "CreateInstanceProfile":
      return arn(`instance-profile${call.path ?? "/"}${call.instanceProfileName}`);
    case "DeleteInstanceProfile":
    case "AddRoleToInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
      return `instance profile ${call.instanceProfileName}`;
    default:
      return `role ${call.roleName}`;
  }
}

function requestParameters({ call: _, ...parameters }: IamCall): Fields {
  if (!("awsServiceName" in parameters)) return parameters;
  const { awsServiceName, ...others } = parameters;
  // CloudTrail lower-cases only the first letter of `AWSServiceName`.
  return { aWSServiceName: awsServiceName, ...others };
}

function serviceOf(by: ApiCaller): string | undefined {
  return by.kind === "service" ? by.service : by.via;
}

// A record has NoSuchEntityException where the API answers NoSuchEntity (docs/aws-facts.md, "CloudTrail records").
function recordedCode(code: string): string {
  return code === "AccessDenied" || code === "ValidationError" ? code : `${code}Exception`;
}
