import { account, home } from "../stacks.ts";

/** Who made a call, as CloudTrail records it. */
export const actors = {
  admin: assumed("role/admin", "admin/alice"),
  user: {
    type: "IAMUser",
    principalId: "AIDAEXAMPLE",
    arn: `arn:aws:iam::${account}:user/bob`,
    accountId: account,
    accessKeyId: "ASIAEXAMPLE",
    userName: "bob",
    sessionContext: { attributes: { creationDate: "2026-11-02T09:00:00Z", mfaAuthenticated: "true" } },
  },
  root: {
    type: "Root",
    principalId: account,
    arn: `arn:aws:iam::${account}:root`,
    accountId: account,
    accessKeyId: "ASIAEXAMPLE",
  },
  deployer: assumed("role/ci/deploy-guard", "deploy-guard/run-41"),
  deployingUser: {
    type: "IAMUser",
    principalId: "AIDAEXAMPLE",
    arn: `arn:aws:iam::${account}:user/releases`,
    accountId: account,
    userName: "releases",
  },
};

/** Returns the identity of a session. A role's path is in its own ARN, and not in the session's. */
function assumed(role: string, session: string) {
  return {
    type: "AssumedRole",
    principalId: `AROAEXAMPLE:${session.split("/")[1]}`,
    arn: `arn:aws:sts::${account}:assumed-role/${session}`,
    accountId: account,
    accessKeyId: "ASIAEXAMPLE",
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: "AROAEXAMPLE",
        arn: `arn:aws:iam::${account}:${role}`,
        accountId: account,
        userName: session.split("/")[0],
      },
      attributes: { creationDate: "2026-11-02T09:00:00Z", mfaAuthenticated: "false" },
    },
  };
}

/** A call as CloudTrail records it. */
export interface RecordedCall {
  /** Such as `sqs`. */
  readonly service: string;
  readonly eventName: string;
  readonly requestParameters: object | null;
  readonly responseElements?: object;
}

/** Returns the event that EventBridge makes of a call. */
export function eventOf(
  { service, eventName, requestParameters, responseElements }: RecordedCall,
  { by = actors.admin, region = home }: { readonly by?: object; readonly region?: string } = {},
) {
  return {
    version: "0",
    id: "8c1c8b0e-5a0f-4d0c-9f0a-1f2a3b4c5d6e",
    "detail-type": "AWS API Call via CloudTrail",
    source: `aws.${service}`,
    account,
    time: "2026-11-02T10:00:00Z",
    region,
    resources: [],
    detail: {
      eventVersion: "1.11",
      userIdentity: by,
      eventTime: "2026-11-02T10:00:00Z",
      eventSource: `${service}.amazonaws.com`,
      eventName,
      awsRegion: region,
      sourceIPAddress: "192.0.2.7",
      userAgent: "aws-cli/2.31.0",
      requestParameters,
      responseElements: responseElements ?? null,
      requestID: "59fbb4ab-8b54-4d2b-9b2d-37a2a9b5a001",
      eventID: "59fbb4ab-8b54-4d2b-9b2d-37a2a9b5a002",
      readOnly: false,
      eventType: "AwsApiCall",
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: "Management",
    },
  };
}

/**
 * Returns calls that blind the guard, by what they do. Names of resources begin with `prefix`. The shapes are those of the pages
 * and API models in docs/aws-facts.md, "CloudTrail records of calls that can blind the guard".
 */
export function blindingCalls(prefix: string): ReadonlyMap<string, readonly RecordedCall[]> {
  const call = (
    service: string,
    eventName: string,
    requestParameters: object | null,
    responseElements?: object,
  ): RecordedCall => ({
    service,
    eventName,
    requestParameters,
    ...(responseElements !== undefined && { responseElements }),
  });
  const arn = (service: string, resource: string) =>
    `arn:aws:${service}:${home}:${account}:${resource.replace("~", prefix)}`;
  const topic = arn("sns", "~alerts");
  const queueUrl = `https://sqs.${home}.amazonaws.com/${account}/${prefix}changes`;
  const mapping = {
    uUID: "a1b2c3d4-5678-90ab-cdef-11111EXAMPLE",
    batchSize: 10,
    eventSourceArn: arn("sqs", "~changes"),
    functionArn: arn("lambda", "function:~detect"),
    state: "Disabling",
  };
  const elsewhere = { ...mapping, functionArn: arn("lambda", "function:nothing") };
  return new Map([
    [
      "disables the rule",
      [
        call("events", "DisableRule", { name: `${prefix}iam` }),
        call("events", "DisableRule", { name: `${prefix}notify`, eventBusName: `${prefix}bus` }),
        call("events", "PutRule", { name: `${prefix}iam`, state: "DISABLED", eventPattern: "{}" }),
        call("events", "RemoveTargets", { rule: `${prefix}iam`, ids: [`${prefix}iam-target`] }),
        call("events", "DeleteEventBus", { name: arn("events", "event-bus/~bus") }),
      ],
    ],
    [
      "stops the trail",
      [
        call("cloudtrail", "StopLogging", { name: "organisation-trail" }),
        call("cloudtrail", "DeleteTrail", { name: `arn:aws:cloudtrail:${home}:${account}:trail/main` }),
        call("cloudtrail", "UpdateTrail", { name: "main", isMultiRegionTrail: false }),
        call("cloudtrail", "PutEventSelectors", {
          trailName: "main",
          eventSelectors: [{ includeManagementEvents: false }],
        }),
      ],
    ],
    [
      "sets the concurrency to 0",
      [
        call("lambda", "PutFunctionConcurrency20171031", {
          functionName: `${prefix}detect`,
          reservedConcurrentExecutions: 0,
        }),
      ],
    ],
    [
      "switches the mapping off",
      [
        call("lambda", "UpdateEventSourceMapping20150331", { uUID: mapping.uUID, enabled: false }, mapping),
        call("lambda", "DeleteEventSourceMapping20150331", { uUID: mapping.uUID }, mapping),
        call(
          "lambda",
          "UpdateEventSourceMapping20150331",
          { uUID: mapping.uUID, functionName: "nothing" },
          elsewhere,
        ),
      ],
    ],
    [
      "purges the queue",
      [
        call("sqs", "PurgeQueue", { queueUrl }),
        call("sqs", "PurgeQueue", { queueUrl: `https://queue.amazonaws.com/${account}/${prefix}changes` }),
        call("sqs", "DeleteQueue", { queueUrl }),
        call("sqs", "StartMessageMoveTask", { sourceArn: arn("sqs", "~changes-missed") }),
      ],
    ],
    [
      "switches the schedule off",
      [
        call("scheduler", "UpdateSchedule", {
          name: `${prefix}sweep`,
          groupName: "default",
          state: "DISABLED",
        }),
      ],
    ],
    [
      "ends a subscription",
      [
        call("sns", "Unsubscribe", { subscriptionArn: `${topic}:0f2a6b7c-1111-2222-3333-444455556666` }),
        call("sns", "SetSubscriptionAttributes", {
          subscriptionArn: `${topic}:0f2a6b7c-1111-2222-3333-444455556666`,
          attributeName: "FilterPolicy",
          attributeValue: '{"id":["none"]}',
        }),
        call("sns", "DeleteTopic", { topicArn: topic }),
      ],
    ],
    [
      "deletes a resource policy",
      [
        call("dynamodb", "DeleteResourcePolicy", { resourceArn: arn("dynamodb", "table/~control") }),
        call("dynamodb", "DeleteResourcePolicy", {
          resourceArn: arn("dynamodb", "table/~findings/stream/2026-11-01T00:00:00.000"),
        }),
        call("sqs", "SetQueueAttributes", { queueUrl, attributes: { Policy: "" } }),
        call("sqs", "RemovePermission", { queueUrl, label: "rules" }),
        call("sns", "SetTopicAttributes", { topicArn: topic, attributeName: "Policy" }),
        call("lambda", "RemovePermission20150331v2", {
          functionName: arn("lambda", "function:~sweep"),
          statementId: "schedule",
        }),
      ],
    ],
    [
      "changes a function's code",
      [
        call("lambda", "UpdateFunctionCode20150331v2", {
          functionName: `${account}:function:${prefix}rollback`,
          dryRun: false,
        }),
        call("lambda", "UpdateFunctionConfiguration20150331v2", { functionName: `${prefix}detect` }),
      ],
    ],
    [
      "detaches the guard's own policy",
      [
        call("iam", "DetachRolePolicy", {
          roleName: `${prefix}rollback`,
          policyArn: `arn:aws:iam::${account}:policy/${prefix}rollback-policy-1`,
        }),
        call("iam", "DeleteRolePolicy", { roleName: `${prefix}detect`.toUpperCase(), policyName: "inline" }),
        call("iam", "SetDefaultPolicyVersion", {
          policyArn: `arn:aws:iam::${account}:policy/${prefix}rollback-policy-1`,
          versionId: "v1",
        }),
        call("iam", "PutRolePolicy", {
          reason: "requestParameters too large",
          omitted: "true",
          originalSize: "110000",
        }),
      ],
    ],
    [
      "deletes or mutes an alarm",
      [
        call("monitoring", "DeleteAlarms", { alarmNames: ["other", `${prefix}changes-missed`] }),
        call("monitoring", "DisableAlarmActions", { alarmNames: [`${prefix}changes-missed`] }),
        call("monitoring", "SetAlarmState", { alarmName: `${prefix}changes-missed`, stateValue: "OK" }),
        call("monitoring", "PutAlarmMuteRule", {
          name: "night",
          muteTargets: { alarmNames: [`${prefix}changes-missed`] },
        }),
        call("monitoring", "PutAlarmMuteRule", { name: "every alarm", rule: {} }),
      ],
    ],
  ]);
}
