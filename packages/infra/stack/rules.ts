/// <reference path="../../../.sst/platform/config.d.ts" />
import { symptomTypes } from "@drift-guard/core/intake/symptom";
import { watchedCalls } from "@drift-guard/core/intake/watched-calls";
import type { Place } from "./place.ts";
import { allowRules, type Channel } from "./queues.ts";

/** A service whose calls the guard looks at. */
export type WatchedService = keyof typeof watchedCalls;

/** EventBridge's own longest retry; what is not delivered by then is kept in the dead-letter queue. */
export const retryPolicy = { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 };

const labels: Record<WatchedService, string> = { iam: "Iam", batch: "Batch" };

/**
 * A rule on a region's default bus for the calls that can alter a guarded role. Refused calls match too, since an
 * attempt is a finding, and so do the guard's own: what is own is recognised, never filtered out.
 */
export function watchCalls(
  service: WatchedService,
  place: Place,
  suffix = "",
  region?: string,
): aws.cloudwatch.EventRule {
  return new aws.cloudwatch.EventRule(`${labels[service]}Rule${suffix}`, {
    ...(region && { region }),
    description: `Calls to ${labels[service]} that can alter a guarded role`,
    eventPattern: $jsonStringify({
      source: [`aws.${service}`],
      account: [place.account],
      "detail-type": ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"],
      detail: { eventSource: [`${service}.amazonaws.com`], eventName: watchedCalls[service] },
    }),
  });
}

/** The rules for what AWS Batch itself tells. */
interface SymptomRules {
  readonly failed: aws.cloudwatch.EventRule;
  readonly blocked: aws.cloudwatch.EventRule;
}

/**
 * Rules on a region's default bus for what AWS Batch itself tells of jobs and queues in trouble (platform-facts 3.8).
 * Jobs that ran and then failed are left out: there are many, and no role kept them from running.
 */
export function watchSymptoms(place: Place, suffix = "", region?: string): SymptomRules {
  const rule = (name: string, types: readonly string[], description: string, detail?: object) =>
    new aws.cloudwatch.EventRule(`${name}Rule${suffix}`, {
      ...(region && { region }),
      description,
      eventPattern: $jsonStringify({
        source: ["aws.batch"],
        account: [place.account],
        "detail-type": types,
        ...(detail && { detail }),
      }),
    });
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

// How AWS Batch begins the reason of a job whose container ran, or that somebody or something else ended.
const ranBefore = [
  "Essential container in task exited",
  "Dependent Job failed",
  "Job attempt duration exceeded",
];

/** Sends the watched calls, of the guard's own region and those forwarded to it, to the changes channel. */
export function feedChanges(changes: Channel, place: Place): void {
  const services: readonly WatchedService[] = ["iam", "batch"];
  const { failed, blocked } = watchSymptoms(place);
  feed(changes, [
    ...services.map((service) => ({ name: labels[service], rule: watchCalls(service, place) })),
    { name: "FailedJobs", rule: failed },
    { name: "BlockedQueues", rule: blocked },
  ]);
}

/** Sends the transitions on the guard's own bus, or those of some kinds, to a channel. */
export function feedTransitions(
  channel: Channel,
  bus: sst.aws.Bus,
  place: Place,
  kinds?: readonly string[],
): void {
  const rule = new aws.cloudwatch.EventRule(`${channel.name}Rule`, {
    description: `${kinds ? "Some" : "All"} transitions, for the queue ${channel.name}`,
    eventBusName: bus.name,
    eventPattern: $jsonStringify({
      source: ["drift-guard"],
      account: [place.account],
      "detail-type": ["Transition"],
      ...(kinds && { detail: { kind: kinds } }),
    }),
  });
  feed(channel, [{ name: channel.name, rule, busName: bus.name }]);
}

interface Feed {
  readonly name: string;
  readonly rule: aws.cloudwatch.EventRule;
  readonly busName?: $util.Output<string>;
}

function feed(channel: Channel, feeds: readonly Feed[]): void {
  for (const { name, rule, busName } of feeds) {
    new aws.cloudwatch.EventTarget(`${name}Target`, {
      rule: rule.name,
      ...(busName && { eventBusName: busName }),
      arn: channel.queue.arn,
      retryPolicy,
      deadLetterConfig: { arn: channel.missed.arn },
    });
  }
  const rules = feeds.map(({ rule }) => rule);
  allowRules(channel.name, channel.queue, rules);
  allowRules(`${channel.name}Missed`, channel.missed, rules);
}
