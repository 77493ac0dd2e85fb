/// <reference path="../../../.sst/platform/config.d.ts" />
import { hubEventSource, hubEventTypes } from "@drift-guard/core/intake/hub-event";
import { symptomTypes } from "@drift-guard/core/intake/symptom";
import { watchedCalls } from "@drift-guard/core/intake/watched-calls";
import { hubGenerator, hubProductOf } from "@drift-guard/core/model/hub";
import { transitionEvent } from "@drift-guard/core/model/transition";
import { functionRoleArn, type GuardLocation } from "./location.ts";
import { componentIn, nameIn, replaceable } from "./names.ts";
import { allowRules, type Channel } from "./queues.ts";

/** A service whose calls the guard watches. */
export type WatchedService = keyof typeof watchedCalls;

/**
 * The longest retry that EventBridge allows (docs/aws-facts.md, "EventBridge delivery"). After it, the event goes to
 * the target's dead-letter queue.
 */
const retryPolicy = { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 };

const labels: Record<WatchedService, string> = { iam: "Iam", batch: "Batch" };

/**
 * Creates a rule on a region's default bus for the calls that can alter a watched role. It matches denied calls too,
 * because an attempt is a finding, and the guard's own calls, which detect recognises. `region` is the guard's own where
 * left out.
 */
export function watchCalls(
  service: WatchedService,
  location: GuardLocation,
  region?: string,
): aws.cloudwatch.EventRule {
  return createRule(
    labels[service],
    {
      description: `Calls to ${labels[service]} that can alter a watched role`,
      eventPattern: $jsonStringify({
        source: [`aws.${service}`],
        account: [location.account],
        "detail-type": ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"],
        detail: { eventSource: [`${service}.amazonaws.com`], eventName: watchedCalls[service] },
      }),
    },
    region,
  );
}

/** Creates a rule, named `<name>Rule` in the stack. `region` is the guard's own where left out. */
export function createRule(
  name: string,
  settings: aws.cloudwatch.EventRuleArgs,
  region?: string,
): aws.cloudwatch.EventRule {
  return new aws.cloudwatch.EventRule(
    componentIn(`${name}Rule`, region),
    { name: nameIn("rule", name, region), ...(region && { region }), ...settings },
    replaceable,
  );
}

/** The settings of a target that each caller chooses. */
interface TargetSettings {
  readonly rule: aws.cloudwatch.EventRule;
  /** The bus of the rule; the default bus where left out. */
  readonly busName?: $util.Output<string>;
  readonly arn: $util.Input<string>;
  /** The role that EventBridge assumes to deliver; none for queues, whose policy allows the rule. */
  readonly roleArn?: $util.Output<string>;
  /** What is delivered in place of the event. */
  readonly inputTransformer?: aws.types.input.cloudwatch.EventTargetInputTransformer;
  /** Takes events that could not be delivered for a day. */
  readonly missed: sst.aws.Queue;
}

/** Creates the target of a rule. `region` is the guard's own where left out. */
export function createTarget(
  name: string,
  { rule, busName, arn, roleArn, inputTransformer, missed }: TargetSettings,
  region?: string,
): void {
  new aws.cloudwatch.EventTarget(
    componentIn(name, region),
    {
      targetId: nameIn("target", name, region),
      ...(region && { region }),
      rule: rule.name,
      ...(busName && { eventBusName: busName }),
      arn,
      ...(roleArn && { roleArn }),
      ...(inputTransformer && { inputTransformer }),
      retryPolicy,
      deadLetterConfig: { arn: missed.arn },
    },
    replaceable,
  );
}

/** The rules for AWS Batch's own events. */
interface SymptomRules {
  /** Matches jobs that failed before they ran. */
  readonly failed: aws.cloudwatch.EventRule;
  /** Matches job queues whose first job cannot run. */
  readonly blocked: aws.cloudwatch.EventRule;
}

/**
 * Creates the rules on a region's default bus for AWS Batch's own events about failed jobs and blocked queues
 * (docs/aws-facts.md, "EventBridge delivery"). They leave out jobs that ran and then failed: there are many, and no
 * role kept them from running.
 */
export function watchSymptoms(location: GuardLocation, region?: string): SymptomRules {
  const rule = (name: string, types: readonly string[], description: string, detail?: object) =>
    createRule(
      name,
      {
        description,
        eventPattern: $jsonStringify({
          source: ["aws.batch"],
          account: [location.account],
          "detail-type": types,
          ...(detail && { detail }),
        }),
      },
      region,
    );
  const blocked = symptomTypes.filter((type) => type.endsWith("Queue Blocked"));
  const failed = symptomTypes.filter((type) => !blocked.includes(type));
  return {
    failed: rule("FailedJobs", failed, "Jobs that failed before they ran", {
      status: ["FAILED"],
      statusReason: [{ exists: false }, { "anything-but": { prefix: ranBefore } }],
    }),
    blocked: rule("BlockedQueues", blocked, "Job queues whose first job cannot run"),
  };
}

// Beginnings of the status reason of a job whose container ran, or that another job or a limit ended.
const ranBefore = [
  "Essential container in task exited",
  "Dependent Job failed",
  "Job attempt duration exceeded",
];

/** The functions that send requests for rechecks to the changes channel. */
const recheckers = ["detect", "sweep", "lookup", "respond"] as const;

/**
 * Sends the watched calls on the guard's default bus, forwarded ones included, to the changes channel. Events name actors,
 * and rollback believes the names, so nobody but the rules and `recheckers` may send.
 */
export function feedChanges(changes: Channel, location: GuardLocation): void {
  const services: readonly WatchedService[] = ["iam", "batch"];
  feed(
    changes,
    services.map((service) => ({ name: labels[service], rule: watchCalls(service, location) })),
    recheckers.map((name) => functionRoleArn(location, name)),
  );
}

/**
 * Sends AWS Batch's own events on the guard's default bus, forwarded ones included, to the symptoms channel. Findings quote
 * what they say, so nobody but the rules may send.
 */
export function feedSymptoms(symptoms: Channel, location: GuardLocation): void {
  const { failed, blocked } = watchSymptoms(location);
  feed(
    symptoms,
    [
      { name: "FailedJobs", rule: failed },
      { name: "BlockedQueues", rule: blocked },
    ],
    [],
  );
}

/** Which transitions a channel takes, and who else may send to it. */
interface TransitionFeed {
  /** `detail-type` of further events that the channel takes; none where left out. */
  readonly alsoTypes?: readonly string[];
  /** All kinds where left out. */
  readonly kinds?: readonly string[];
  /** ARNs of the only roles that may send, besides the rule; left out: those whom the account's policies allow. */
  readonly senders?: readonly $util.Output<string>[];
}

/** Sends transitions on the guard's own bus to a channel. */
export function feedTransitions(
  channel: Channel,
  bus: sst.aws.Bus,
  location: GuardLocation,
  { kinds, senders, alsoTypes = [] }: TransitionFeed = {},
): void {
  const rule = createRule(channel.name, {
    description: `${kinds ? "Some" : "All"} transitions, for the queue ${channel.name}`,
    eventBusName: bus.name,
    eventPattern: $jsonStringify({
      source: [transitionEvent.source],
      account: [location.account],
      "detail-type": [transitionEvent.detailType, ...alsoTypes],
      ...(kinds && { detail: { kind: kinds } }),
    }),
  });
  feed(channel, [{ name: channel.name, rule, busName: bus.name }], senders);
}

/**
 * Sends Security Hub's events about the guard's own findings on the default bus to a channel: imports, which tell of changed
 * workflows too, and custom actions. Messages to people follow from them, so nobody but the rule may send. It takes events of
 * other accounts, which the owner must let on the bus: the administrator account of Security Hub forwards custom actions.
 */
export function feedHubEvents(channel: Channel, location: GuardLocation): void {
  const { account, region, partition } = location;
  const ProductArn = account.apply((account) => [hubProductOf({ account, region, partition })]);
  const rule = createRule("HubEvents", {
    description: "What users of Security Hub did with drift-guard's findings",
    eventPattern: $jsonStringify({
      source: [hubEventSource],
      "detail-type": Object.values(hubEventTypes),
      detail: { findings: { ProductArn, GeneratorId: [{ prefix: hubGenerator }] } },
    }),
  });
  feed(channel, [{ name: channel.name, rule }], []);
}

interface Feed {
  readonly name: string;
  readonly rule: aws.cloudwatch.EventRule;
  readonly busName?: $util.Output<string>;
}

function feed(channel: Channel, feeds: readonly Feed[], senders?: readonly $util.Output<string>[]): void {
  for (const { name, ...source } of feeds)
    createTarget(`${name}Target`, { ...source, arn: channel.queue.arn, missed: channel.missed });
  const rules = feeds.map(({ rule }) => rule);
  allowRules(channel.name, channel.queue, rules, senders && { senders });
  allowRules(`${channel.name}Missed`, channel.missed, rules);
}
