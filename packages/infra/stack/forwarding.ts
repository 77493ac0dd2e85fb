/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { alarmWhenNotEmpty, allowAlarms, createTopic } from "./alarms.ts";
import { defaultBusArn, type GuardLocation } from "./location.ts";
import { allowRules, createMissedQueue } from "./queues.ts";
import { listForwardedRegions } from "./regions.ts";
import { retryPolicy, watchCalls, watchSymptoms } from "./rules.ts";

/**
 * Forwards the watched events of other regions to the default bus of the guard's region: those of AWS Batch, and those
 * of IAM where the guard is not in the region that IAM's events arrive in (docs/aws-facts.md, "Regions and partitions").
 * Events that cannot be forwarded stay in a queue with an alarm in their own region, because a rule's dead-letter queue
 * and an alarm's topic must be in the same region.
 */
export function forwardRegions(config: Config, location: GuardLocation): void {
  const regions = listForwardedRegions(config.regions);
  if (regions.length === 0) return;
  const bus = defaultBusArn(location);
  const forwarder = new aws.iam.Role("Forwarder", {
    description: "Lets EventBridge put events of other regions on the default bus of drift-guard's region",
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "events.amazonaws.com" }),
    inlinePolicies: [
      {
        name: "inline",
        policy: $jsonStringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "events:PutEvents", Resource: bus }],
        }),
      },
    ],
  });
  for (const { region, services } of regions) {
    const suffix = `In${capitaliseRegion(region)}`;
    const missed = createMissedQueue(`ForwardMissed${suffix}`, region);
    const rules = [
      ...services.map((service) => watchCalls(service, location, suffix, region)),
      ...(services.includes("batch") ? Object.values(watchSymptoms(location, suffix, region)) : []),
    ];
    rules.forEach((rule, index) => {
      new aws.cloudwatch.EventTarget(`Forward${index + 1}${suffix}`, {
        region,
        rule: rule.name,
        arn: bus,
        roleArn: forwarder.arn,
        retryPolicy,
        deadLetterConfig: { arn: missed.arn },
      });
    });
    allowRules(`ForwardMissed${suffix}`, missed, rules, region);
    const topic = createTopic(`Alerts${suffix}`, config.emails, region);
    const alarm = alarmWhenNotEmpty(`ForwardMissed${suffix}`, missed, topic, region);
    allowAlarms(`Alerts${suffix}`, topic, [alarm], location, region);
  }
}

/** Turns `eu-west-1` into `EuWest1`, for the names of resources. */
function capitaliseRegion(region: string): string {
  return region
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
