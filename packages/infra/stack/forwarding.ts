/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { createTopic, openBoard, protectTopic } from "./alarms.ts";
import { alarmOnFailedNotifications, alarmOnMissed } from "./delivery-alarms.ts";
import { defaultBusArn, type GuardLocation } from "./location.ts";
import { nameIn, replaceable } from "./names.ts";
import { allowRules, createMissedQueue } from "./queues.ts";
import { listForwardedRegions } from "./regions.ts";
import { createTarget, watchCalls, watchSymptoms } from "./rules.ts";
import { watchGuard } from "./watch.ts";

/**
 * Forwards the watched events of other regions to the default bus of the guard's region: those of AWS Batch, and those
 * of IAM where the guard is not in the region that IAM's events arrive in (docs/aws-facts.md, "Regions and partitions").
 * Events that cannot be forwarded stay in a queue with an alarm in their own region, because a rule's dead-letter queue
 * and an alarm's topic must be in the same region. What forwards is watched by the rules of its own region, whose role is
 * `watcher`.
 */
export function forwardRegions(config: Config, location: GuardLocation, watcher: aws.iam.Role): void {
  const regions = listForwardedRegions(config.regions);
  if (regions.length === 0) return;
  const bus = defaultBusArn(location);
  const settings: aws.iam.RoleArgs = {
    name: nameIn("role", "Forwarder"),
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
  };
  const forwarder = new aws.iam.Role("Forwarder", settings, replaceable);
  for (const { region, services } of regions) {
    const missed = createMissedQueue("ForwardMissed", region);
    const rules = [
      ...services.map((service) => watchCalls(service, location, region)),
      ...(services.includes("batch") ? Object.values(watchSymptoms(location, region)) : []),
    ];
    rules.forEach((rule, index) => {
      createTarget(`Forward${index + 1}`, { rule, arn: bus, roleArn: forwarder.arn, missed }, region);
    });
    allowRules("ForwardMissed", missed, rules, { region });
    const topic = createTopic("Alerts", config.emails, region);
    const board = openBoard(topic, config, location, region);
    alarmOnMissed("ForwardMissed", missed, { essential: true }, board);
    // The topic carries nothing but alarms.
    alarmOnFailedNotifications({ essential: false }, board);
    watchGuard({ config, location, watcher, board });
    protectTopic("Alerts", topic, board.alarms, location, { region, publishers: [watcher.arn] });
  }
}
