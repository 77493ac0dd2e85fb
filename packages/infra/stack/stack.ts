/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { describeSilence } from "@drift-guard/core/config/silence";
import { createBlindAlarm, protectTopic } from "./alarms.ts";
import { createDetect } from "./detect.ts";
import { forwardRegions } from "./forwarding.ts";
import { createFoundation } from "./foundation.ts";
import { functionRoleArn } from "./location.ts";
import { createLookup } from "./lookup.ts";
import { nameIn } from "./names.ts";
import { createNotify } from "./notify.ts";
import { createPeoplePolicies } from "./people.ts";
import { createPublish } from "./publish.ts";
import { createRespond } from "./respond.ts";
import { createRollback } from "./rollback.ts";
import { createHubExchange } from "./securityhub.ts";
import { createSweep } from "./sweep.ts";
import { protectItems } from "./tables.ts";
import { createWatcher, watchGuard } from "./watch.ts";

/**
 * Creates the whole guard as the owner configured it. Each function's file has its trigger, permissions, environment
 * and alarms. Returns the names by which an operator finds the tables, the changes queue, the bus and the topic, and the ARNs of the policies for people. Without an
 * address, it warns twice that nobody hears: SST prints what goes to the error stream at once, and the returned values at the end.
 */
export function createGuardStack(config: Config) {
  const foundation = createFoundation(config);
  const { location, findings, control, changes, bus, topic, board } = foundation;
  const watcher = createWatcher(config, location);
  forwardRegions(config, location, watcher);

  const rollback = createRollback(foundation);
  const rollingBack = rollback ? (["rollback"] as const) : [];
  protectItems("Control", control, ["respond", ...rollingBack], location);
  protectItems(
    "Findings",
    findings,
    [
      "detect",
      "sweep",
      "lookup",
      "notify",
      ...(config.securityHub ? (["securityhub"] as const) : []),
      ...rollingBack,
    ],
    location,
  );
  const publishers = [
    "notify",
    "respond",
    ...(config.securityHub ? (["securityhub"] as const) : []),
  ] as const;
  createDetect(foundation, rollback);
  createSweep(foundation, rollback);
  createRespond(foundation, rollback);
  createLookup(foundation);
  createPublish(foundation);
  createNotify(foundation);
  createHubExchange(foundation);
  watchGuard({ config, location, watcher, board });
  createBlindAlarm(board);
  protectTopic("Alerts", topic, board.alarms, location, {
    publishers: [...publishers.map((name) => functionRoleArn(location, name)), watcher.arn],
  });

  const warning = describeSilence(config, nameIn("topic", "Alerts"));
  if (warning !== undefined) console.warn(warning);
  return {
    ...(warning !== undefined && { warning }),
    findings: findings.name,
    control: control.name,
    changes: changes.queue.url,
    bus: bus.name,
    alerts: topic.arn,
    ...createPeoplePolicies(foundation),
  };
}
