import { hubEventSource, hubEventTypes } from "../intake/hub-event.ts";
import { type HubPlace, hubGenerator, hubProductOf } from "../model/hub.ts";
import { transitionEvent } from "../model/transition.ts";

/**
 * An event as EventBridge delivers it, to test a rule's pattern with. It is never sent. `events:TestEventPattern` requires
 * every field but `version` (docs/aws-facts.md, "EventBridge delivery").
 */
export interface SampleEvent {
  readonly version: "0";
  readonly id: string;
  readonly account: string;
  readonly source: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly "detail-type": string;
  readonly detail: object;
}

/** The account and Region of a sample. */
export interface SamplePlace {
  readonly account: string;
  readonly region: string;
}

/** Returns CloudTrail's event about a watched call. */
export function sampleCall(service: "iam" | "batch", place: SamplePlace): SampleEvent {
  return sample(place, `aws.${service}`, "AWS API Call via CloudTrail", {
    eventSource: `${service}.amazonaws.com`,
    eventName: service === "iam" ? "AttachRolePolicy" : "UpdateComputeEnvironment",
  });
}

/** Returns AWS Batch's event about a job that failed because of its role. */
export function sampleFailedJob(place: SamplePlace): SampleEvent {
  return sample(place, "aws.batch", "Batch Job State Change", {
    status: "FAILED",
    statusReason: "ECS was unable to assume the role",
  });
}

/** Returns AWS Batch's event about a queue whose first job cannot run. */
export function sampleBlockedQueue(place: SamplePlace): SampleEvent {
  return sample(place, "aws.batch", "Batch Job Queue Blocked", {});
}

/** Returns the event on the guard's bus about a new finding. */
export function sampleTransition(place: SamplePlace): SampleEvent {
  return sample(place, transitionEvent.source, transitionEvent.detailType, { kind: "opened" });
}

/** Returns Security Hub's event about one of the guard's findings. */
export function sampleHubEvent(place: HubPlace): SampleEvent {
  return sample(place, hubEventSource, hubEventTypes.imported, {
    findings: [{ ProductArn: hubProductOf(place), GeneratorId: `${hubGenerator}sample` }],
  });
}

/** A kind of the guard's own resources, calls on which the watch reports. */
export type WatchedKind =
  | "rules"
  | "queues"
  | "topics"
  | "alarms"
  | "trails"
  | "tables"
  | "functions"
  | "schedules"
  | "roles";

/** Returns CloudTrail's event about a call by the root user that can blind the guard, on a resource whose name begins so. */
export function sampleBlindingCall(kind: WatchedKind, prefix: string, place: HubPlace): SampleEvent {
  const { account, region, partition } = place;
  const name = `${prefix}x`;
  const call = (service: string, eventName: string, requestParameters: object) =>
    sample(place, `aws.${service}`, "AWS API Call via CloudTrail", {
      eventSource: `${service}.amazonaws.com`,
      eventName,
      requestParameters,
      userIdentity: { type: "Root", arn: `arn:${partition}:iam::${account}:root` },
    });
  switch (kind) {
    case "rules":
      return call("events", "DisableRule", { name });
    case "queues":
      return call("sqs", "PurgeQueue", {
        queueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
      });
    case "topics":
      return call("sns", "DeleteTopic", { topicArn: `arn:${partition}:sns:${region}:${account}:${name}` });
    case "alarms":
      return call("monitoring", "DisableAlarmActions", { alarmNames: [name] });
    case "trails":
      return call("cloudtrail", "StopLogging", { name: "trail" });
    case "tables":
      return call("dynamodb", "DeleteTable", { tableName: name });
    case "functions":
      return call("lambda", "PutFunctionConcurrency20171031", { functionName: name });
    case "schedules":
      return call("scheduler", "DeleteSchedule", { name });
    case "roles":
      return call("iam", "DetachRolePolicy", { roleName: name });
  }
}

function sample({ account, region }: SamplePlace, source: string, type: string, detail: object): SampleEvent {
  return {
    version: "0",
    id: "00000000-0000-0000-0000-000000000000",
    account,
    source,
    time: "2026-01-01T00:00:00Z",
    region,
    resources: [],
    "detail-type": type,
    detail,
  };
}
