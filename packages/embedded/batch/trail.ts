import type { Clock } from "../clock.ts";
import type { SimulatedAccount } from "../iam/account.ts";
import { type ApiCaller, formatEventTime } from "../iam/caller.ts";
import type { IdGenerator } from "../iam/ids.ts";
import type { BatchAnswer, BatchCall } from "./call.ts";

type Fields = Readonly<Record<string, unknown>>;

/** CloudTrail's record of a call to AWS Batch, as EventBridge delivers it in the region of the call. */
export interface BatchEnvelope {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": "AWS API Call via CloudTrail";
  readonly source: "aws.batch";
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Fields;
}

/**
 * Returns the event that CloudTrail and EventBridge produce for a call and its answer. The parameters are those of the API
 * (docs/aws-facts.md, "CloudTrail records").
 */
export function recordBatchCall(
  { iam, clock, ids }: { readonly iam: SimulatedAccount; readonly clock: Clock; readonly ids: IdGenerator },
  made: {
    readonly region: string;
    readonly call: BatchCall;
    readonly by: ApiCaller;
    readonly answer: BatchAnswer;
  },
): BatchEnvelope {
  const { region, by, answer } = made;
  const { call, ...requestParameters } = made.call;
  const time = formatEventTime(clock.now());
  const result = answer.status === "done" && Object.keys(answer.result).length > 0 ? answer.result : null;
  return {
    version: "0",
    id: ids.uuid(),
    "detail-type": "AWS API Call via CloudTrail",
    source: "aws.batch",
    account: iam.account,
    time,
    region,
    resources: [],
    detail: {
      eventVersion: "1.11",
      userIdentity: iam.describeCaller(by),
      eventTime: time,
      eventSource: "batch.amazonaws.com",
      eventName: call,
      awsRegion: region,
      sourceIPAddress: by.sourceIp ?? "198.51.100.1",
      userAgent: by.userAgent ?? "aws-cli/2.32.3",
      ...(answer.status === "refused" && { errorCode: answer.code, errorMessage: answer.message }),
      requestParameters,
      responseElements: result,
      requestID: answer.requestId,
      eventID: ids.uuid(),
      readOnly: false,
      eventType: "AwsApiCall",
      managementEvent: true,
      recipientAccountId: iam.account,
      eventCategory: "Management",
    },
  };
}
