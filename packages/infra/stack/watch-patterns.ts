import { ConfigError } from "@drift-guard/core/errors";

/** What the watch must know to tell the guard's resources, and those who deploy it, from others. */
export interface WatchedPlace {
  /** Beginning of the names of the watched resources, such as `drift-guard-production-`. */
  readonly prefix: string;
  /** 12 digits. */
  readonly account: string;
  /** The region of the rule. */
  readonly region: string;
  /** Such as `aws`. */
  readonly partition: string;
  /** ARNs of the roles and users whose calls match no pattern, with `*` for any text. */
  readonly deployers: readonly string[];
}

/** Values of a field, any of which matches. */
type Values = readonly (string | boolean | object)[];

/** Fields of a CloudTrail record, all of which must match. */
interface Fields {
  readonly [field: string]: Values | Fields;
}

/** The calls on one kind of resource that can blind the guard. */
interface Watched {
  /** Prefix of the event source, such as `sqs`. */
  readonly service: string;
  /** Alternatives: the names of calls, and the fields that show that they are about a resource of the guard. */
  readonly calls: (place: WatchedPlace) => readonly Fields[];
  /** The paths of these fields in the record, to be shown to people. */
  readonly shown: readonly string[];
}

const startsWith = (prefix: string) => ({ prefix });

/** Returns the beginning of the ARNs of the guard's resources. `kind` is what stands before the name, such as `table/`. */
const arnOf = ({ partition, region, account, prefix }: WatchedPlace, service: string, kind = "") =>
  `arn:${partition}:${service}:${region}:${account}:${kind}${prefix}`;

/** Matches a resource's name, or its ARN, where a call takes either. */
const nameOrArn = (place: WatchedPlace, service: string, kind: string): Values => [
  startsWith(place.prefix),
  startsWith(arnOf(place, service, kind)),
];

const request = (eventName: Values, requestParameters: Fields): Fields => ({ eventName, requestParameters });

// Names of calls, services and fields: docs/aws-facts.md, "CloudTrail records of calls that can blind the guard".
const watched = {
  rules: {
    service: "events",
    calls: (place) => [
      request(["PutRule", "DisableRule", "DeleteRule"], { name: [startsWith(place.prefix)] }),
      request(["PutTargets", "RemoveTargets"], { rule: [startsWith(place.prefix)] }),
      request(["UpdateEventBus", "DeleteEventBus"], { name: nameOrArn(place, "events", "event-bus/") }),
      request(["PutPermission", "RemovePermission"], {
        eventBusName: nameOrArn(place, "events", "event-bus/"),
      }),
    ],
    shown: ["requestParameters.name", "requestParameters.rule", "requestParameters.eventBusName"],
  },
  queues: {
    service: "sqs",
    calls: (place) => [
      request(["AddPermission", "RemovePermission", "SetQueueAttributes", "PurgeQueue", "DeleteQueue"], {
        // The host differs between endpoints.
        queueUrl: [{ wildcard: `*/${place.account}/${place.prefix}*` }],
      }),
      request(["StartMessageMoveTask"], { sourceArn: [startsWith(arnOf(place, "sqs"))] }),
    ],
    shown: ["requestParameters.queueUrl", "requestParameters.sourceArn"],
  },
  tables: {
    service: "dynamodb",
    calls: (place) => [
      request(["UpdateTable", "DeleteTable", "UpdateTimeToLive"], {
        tableName: nameOrArn(place, "dynamodb", "table/"),
      }),
      // A table's stream has an ARN that begins with the table's.
      request(["PutResourcePolicy", "DeleteResourcePolicy"], {
        resourceArn: [startsWith(arnOf(place, "dynamodb", "table/"))],
      }),
    ],
    shown: ["requestParameters.tableName", "requestParameters.resourceArn"],
  },
  functions: {
    service: "lambda",
    // CloudTrail appends the version of the API to the names of some calls, such as PutFunctionConcurrency20171031.
    calls: (place) => [
      request(
        [
          ...["UpdateFunction", "PutFunction", "DeleteFunction", "CreateFunctionUrl"].map(startsWith),
          ...["AddPermission", "RemovePermission", "PutRuntime"].map(startsWith),
        ],
        // A name, or an ARN of which any part before the name may be left out.
        { functionName: [startsWith(place.prefix), { wildcard: `*:${place.prefix}*` }] },
      ),
      request([startsWith("PutResourcePolicy"), startsWith("DeleteResourcePolicy")], {
        resourceArn: [startsWith(arnOf(place, "lambda", "function:"))],
      }),
      // The request has the mapping's id alone. A mapping that now invokes another function still has its source.
      ...["functionArn", "eventSourceArn"].map((field) => ({
        eventName: ["Create", "Update", "Delete"].map((verb) => startsWith(`${verb}EventSourceMapping`)),
        responseElements: {
          [field]:
            field === "functionArn"
              ? [startsWith(arnOf(place, "lambda", "function:"))]
              : [startsWith(arnOf(place, "sqs")), startsWith(arnOf(place, "dynamodb", "table/"))],
        },
      })),
    ],
    shown: [
      "requestParameters.functionName",
      "requestParameters.resourceArn",
      "responseElements.functionArn",
      "responseElements.eventSourceArn",
    ],
  },
  schedules: {
    service: "scheduler",
    calls: (place) => [request(["UpdateSchedule", "DeleteSchedule"], { name: [startsWith(place.prefix)] })],
    shown: ["requestParameters.name"],
  },
  topics: {
    service: "sns",
    calls: (place) => {
      const arn = [startsWith(arnOf(place, "sns"))];
      return [
        request(["SetTopicAttributes", "DeleteTopic", "AddPermission", "RemovePermission"], {
          topicArn: arn,
        }),
        request(["Unsubscribe", "SetSubscriptionAttributes"], { subscriptionArn: arn }),
        // Such a policy can keep messages from subscribers.
        request(["PutDataProtectionPolicy"], { resourceArn: arn }),
      ];
    },
    shown: [
      "requestParameters.topicArn",
      "requestParameters.subscriptionArn",
      "requestParameters.resourceArn",
    ],
  },
  alarms: {
    service: "monitoring",
    calls: ({ prefix }) => [
      request(["PutMetricAlarm", "PutCompositeAlarm", "PutLogAlarm", "SetAlarmState"], {
        alarmName: [startsWith(prefix)],
      }),
      request(["DeleteAlarms", "DisableAlarmActions"], { alarmNames: [startsWith(prefix)] }),
      // A mute rule without names mutes every alarm of the account.
      request(["PutAlarmMuteRule"], {
        muteTargets: { alarmNames: [startsWith(prefix), { exists: false }] },
      }),
    ],
    shown: [
      "requestParameters.alarmName",
      "requestParameters.alarmNames",
      "requestParameters.muteTargets.alarmNames",
    ],
  },
  trails: {
    service: "cloudtrail",
    // Any trail of the account may be the one that brings the guard its events.
    calls: () => [{ eventName: ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"] }],
    shown: ["requestParameters.name", "requestParameters.trailName"],
  },
  roles: {
    service: "iam",
    calls: ({ prefix, partition, account }) => {
      const onRole = [
        ...["AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy", "DeleteRolePolicy"],
        ...["UpdateAssumeRolePolicy", "DeleteRole"],
        ...["PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"],
      ];
      const onPolicy = [
        ...["CreatePolicyVersion", "SetDefaultPolicyVersion"],
        ...["DeletePolicyVersion", "DeletePolicy"],
      ];
      // IAM takes names in any case.
      const anyCase = (text: string) => ({ prefix: { "equals-ignore-case": text } });
      return [
        request(onRole, { roleName: [anyCase(prefix)] }),
        request(onPolicy, { policyArn: [anyCase(`arn:${partition}:iam::${account}:policy/${prefix}`)] }),
        // CloudTrail leaves out large parameters, the role's name with them.
        request(["PutRolePolicy", "UpdateAssumeRolePolicy", "CreatePolicyVersion"], {
          omitted: [true, "true"],
        }),
      ];
    },
    shown: ["requestParameters.roleName", "requestParameters.policyArn"],
  },
} as const satisfies Record<string, Watched>;

/** A kind of resource whose calls the watch matches. */
export type WatchedKind = keyof typeof watched;

/** A fault of the service, such as InternalFailure or ServiceUnavailable, leaves open whether a call took effect. */
const tookEffect: Values = [{ exists: false }, startsWith("Internal"), startsWith("Serv")];

/** Most characters of an event pattern (docs/aws-facts.md, "EventBridge delivery"). */
const maxPatternLength = 2048;

/**
 * Returns the event pattern, as JSON text, that matches the calls on this kind of resource that can blind the guard, by
 * anybody but the deployers. A call that was refused changes nothing, and may name a resource by any text. Throws `ConfigError` where the deployers make it longer than EventBridge
 * allows.
 */
export function renderWatchPattern(kind: WatchedKind, place: WatchedPlace): string {
  const { service } = watched[kind];
  const calls: readonly Fields[] = watched[kind].calls(place);
  const pattern = JSON.stringify({
    source: [`aws.${service}`],
    account: [place.account],
    "detail-type": ["AWS API Call via CloudTrail"],
    detail: {
      eventSource: [`${service}.amazonaws.com`],
      errorCode: tookEffect,
      ...(calls.length === 1 ? calls[0] : { $or: calls }),
      ...byOthers(place),
    },
  });
  if (pattern.length > maxPatternLength)
    throw new ConfigError(
      `The rule that watches the guard's ${kind} would have a pattern of ${pattern.length} characters, and EventBridge allows ${maxPatternLength}.\nShorten the list deployer in the configuration by ${pattern.length - maxPatternLength} characters, for example with a * for what its ARNs differ in.`,
    );
  return pattern;
}

/** Lists the paths, in a record that `renderWatchPattern` matches, of the fields that name the resource. */
export function listShownFields(kind: WatchedKind): readonly string[] {
  return watched[kind].shown;
}

/**
 * Returns the fields that keep out the calls of deployers. A session is known by its role, a user by its own ARN. The root user
 * and AWS services have no session's role, and match.
 */
function byOthers({ deployers, account }: WatchedPlace): Fields | object {
  if (deployers.length === 0) return {};
  const arns = deployers.map((arn) => arn.replace(/^(arn:[^:]*:iam::)\*:/, `$1${account}:`));
  const absent = { exists: false };
  const role = (arn: Values) => ({ sessionContext: { sessionIssuer: { arn } } });
  return {
    userIdentity: {
      $or: [
        role(anythingBut(arns.filter((arn) => !arn.includes(":user/")))),
        {
          ...role([absent]),
          arn: [...anythingBut(arns.filter((arn) => !arn.includes(":role/"))), absent],
        },
      ],
    },
  };
}

/** Matches a present value that is none of these texts. A pattern allows one form of them in one list. */
function anythingBut(texts: readonly string[]): Values {
  if (texts.length === 0) return [{ exists: true }];
  if (!texts.some((text) => text.includes("*"))) return [{ "anything-but": texts }];
  // EventBridge allows 30 rules with wildcards on a bus.
  if (texts.every((text) => /^[^*]*\*$/.test(text)))
    return [{ "anything-but": { prefix: texts.map((text) => text.slice(0, -1)) } }];
  return [{ "anything-but": { wildcard: texts } }];
}
