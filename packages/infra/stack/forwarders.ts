/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { alarmWhenNotEmpty, allowAlarms, createTopic } from "./alerts.ts";
import { defaultBusOf, type Place } from "./place.ts";
import { allowRules, createMissedQueue } from "./queues.ts";
import { forwardedRegions } from "./regions.ts";
import { retryPolicy, watchCalls, watchSymptoms } from "./rules.ts";

/**
 * Forwards the watched calls of other regions to the default bus of the guard's: IAM's, where it tells them elsewhere,
 * and Batch's. What cannot be forwarded is kept and raises an alarm in the region it happened in, since neither a
 * dead-letter queue nor an alarm's topic may be in another.
 */
export function forwardRegions(config: Config, place: Place): void {
  const regions = forwardedRegions(config.regions);
  if (regions.length === 0) return;
  const bus = defaultBusOf(place);
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
    const suffix = `In${printRegion(region)}`;
    const missed = createMissedQueue(`ForwardMissed${suffix}`, region);
    const rules = [
      ...services.map((service) => watchCalls(service, place, suffix, region)),
      ...(services.includes("batch") ? Object.values(watchSymptoms(place, suffix, region)) : []),
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
    allowAlarms(`Alerts${suffix}`, topic, [alarm], place, region);
  }
}

/** `eu-west-1` as a part of a resource's name: `EuWest1`. */
function printRegion(region: string): string {
  return region
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
