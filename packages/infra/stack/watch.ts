/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { type AlarmBoard, createTopic, protectTopic } from "./alarms.ts";
import { alarmOnMissed } from "./delivery-alarms.ts";
import type { GuardLocation } from "./location.ts";
import { nameIn, namePrefix, replaceable } from "./names.ts";
import { allowRules, createMissedQueue } from "./queues.ts";
import { listForwardedRegions } from "./regions.ts";
import { createRule, createTarget } from "./rules.ts";
import { listShownFields, renderWatchPattern, type WatchedKind } from "./watch-patterns.ts";

/**
 * Creates the role with which the rules of the watch publish to the topics of every region: a topic can then deny everybody
 * else (docs/aws-facts.md, "EventBridge delivery").
 */
export function createWatcher(config: Config, { account, partition, region }: GuardLocation): aws.iam.Role {
  const topicsIn = (place: string, suffix?: string) =>
    ["Watch", "Alerts"].map(
      (topic) => $interpolate`arn:${partition}:sns:${place}:${account}:${nameIn("topic", topic, suffix)}`,
    );
  const settings: aws.iam.RoleArgs = {
    name: nameIn("role", "Watcher"),
    description: "Lets EventBridge tell people of calls that can blind drift-guard",
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "events.amazonaws.com" }),
    inlinePolicies: [
      {
        name: "inline",
        policy: $jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: "sns:Publish",
              Resource: [
                ...topicsIn(region),
                ...listForwardedRegions(config.regions).flatMap((other) =>
                  topicsIn(other.region, other.region),
                ),
              ],
            },
          ],
        }),
      },
    ],
  };
  return new aws.iam.Role("Watcher", settings, replaceable);
}

/** What the watch of one region stands on. */
interface WatchSettings {
  readonly config: Config;
  readonly location: GuardLocation;
  readonly watcher: aws.iam.Role;
  /** The alarms of the region, and the guard's own topic there, which is told of calls that can blind the watch. */
  readonly board: AlarmBoard;
}

// What every region with resources of the guard has.
const everywhere = ["rules", "queues", "topics", "alarms", "trails"] as const satisfies WatchedKind[];
const atHome = ["tables", "functions", "schedules"] as const satisfies WatchedKind[];

/**
 * Creates the watch of one region: rules that match calls by anybody but the deployers that can blind the guard, and that
 * publish to a topic of their own, Watch, with no function of the guard in between. Further rules match calls on the rules,
 * the topic and the role of the watch itself, and publish to the guard's topic, so that each path tells of the other. Throws `ConfigError` where the list of deployers is too long.
 */
export function watchGuard({ config, location, watcher, board }: WatchSettings): void {
  const { topic: alerts, region } = board;
  const place = { ...location, region: region ?? location.region, deployers: config.deployer };
  const topic = createTopic("Watch", config.emails, region);
  protectTopic("Watch", topic, [], location, { ...(region && { region }), publishers: [watcher.arn] });
  const missed = createMissedQueue("WatchMissed", region);
  const roles: readonly WatchedKind[] =
    iamRegionOf(location.partition) === place.region ? (["roles"] as const) : [];

  const watch = (
    name: string,
    kind: WatchedKind,
    prefix: string,
    { arn }: sst.aws.SnsTopic,
  ): aws.cloudwatch.EventRule => {
    const render = (account: string) => renderWatchPattern(kind, { ...place, account, prefix });
    // The account is known during the deployment only, and a mistake of the configuration is told before it.
    render("0".repeat(12));
    const rule = createRule(
      name,
      {
        description: `Calls that can blind ${prefix === namePrefix ? "drift-guard" : "the watch of drift-guard"}, by anybody but its deployers`,
        eventPattern: location.account.apply(render),
      },
      region,
    );
    const inputTransformer = writeNotice(kind, prefix);
    createTarget(name, { rule, arn, roleArn: watcher.arn, missed, inputTransformer }, region);
    return rule;
  };
  const rules = [
    ...[...everywhere, ...(region === undefined ? atHome : []), ...roles].map((kind) =>
      watch(`Watch${capitalise(kind)}`, kind, namePrefix, topic),
    ),
    ...(["rules", "topics", ...roles] as const).map((kind) =>
      watch(`WatchSelf${capitalise(kind)}`, kind, `${namePrefix}watch`, alerts),
    ),
  ];
  allowRules("WatchMissed", missed, rules, region === undefined ? {} : { region });
  alarmOnMissed(
    "WatchMissed",
    missed,
    {
      means: `The queue ${nameIn("queue", "WatchMissed", region)} got notices of calls that can blind drift-guard, which its topics did not take: read them there. When what the calls did is undone, a sweep finds what was missed:`,
      essential: true,
    },
    board,
  );
}

function capitalise(kind: WatchedKind): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}

/** Returns what EventBridge makes of an event: the lines of a message. A field that the event lacks leaves no text. */
function writeNotice(kind: WatchedKind, prefix: string) {
  const shown = listShownFields(kind);
  const inputPaths = {
    call: "$.detail.eventName",
    service: "$.detail.eventSource",
    actor: "$.detail.userIdentity.arn",
    via: "$.detail.userIdentity.invokedBy",
    time: "$.detail.eventTime",
    region: "$.detail.awsRegion",
    address: "$.detail.sourceIPAddress",
    error: "$.detail.errorCode",
    id: "$.detail.eventID",
    ...Object.fromEntries(shown.map((path, index) => [`on${index + 1}`, `$.detail.${path}`])),
  };
  const lines = [
    `Somebody made a call that can blind drift-guard (${prefix}*).`,
    "Call: <call> (<service>) <error>",
    `On: ${shown.map((_, index) => `<on${index + 1}>`).join(" ")}`,
    "By: <actor> <via>",
    "At: <time> in <region>, from <address>",
    "If you do not know why the call was made, act now: drift may go unseen. Undo the call, or deploy again; then start a sweep.",
    "The whole record: aws cloudtrail lookup-events --region <region> --lookup-attributes AttributeKey=EventId,AttributeValue=<id>",
    "What to do: docs/alarms.md, Calls that can blind the guard",
  ];
  return { inputPaths, inputTemplate: lines.map((line) => `"${line}"`).join("\n") };
}
