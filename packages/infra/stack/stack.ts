/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { alarmWhenNotEmpty, allowAlarms, createTopic } from "./alerts.ts";
import { createHubImport, createNotify, createPublish } from "./announcers.ts";
import { forwardRegions } from "./forwarders.ts";
import type { Ground } from "./foundation.ts";
import { placeIn } from "./place.ts";
import { createChannel } from "./queues.ts";
import { createRollback } from "./rollback.ts";
import { feedChanges } from "./rules.ts";
import { createControlTable, createFindingsTable, guardControl } from "./tables.ts";
import { createDetect, createSweep } from "./watchers.ts";

/** The whole guard, as the owner's config asks for it; gives what a person needs to find it again. */
export function createStack(config: Config) {
  const place = placeIn(config.regions.guard);
  const ground: Ground = {
    config,
    place,
    findings: createFindingsTable(),
    control: createControlTable(),
    changes: createChannel("Changes", 60),
    bus: new sst.aws.Bus("Bus"),
    topic: createTopic("Alerts", config.emails),
  };
  feedChanges(ground.changes, place);
  forwardRegions(config, place);

  const rollback = createRollback(ground);
  guardControl(ground.control, rollback ? [rollback.role] : []);
  createDetect(ground, rollback?.role);

  const missed = new Map([
    ["ChangesMissed", ground.changes.missed],
    ["SweepMissed", createSweep(ground, rollback?.role)],
    ["StreamMissed", createPublish(ground)],
  ]);
  for (const channel of [createNotify(ground), createHubImport(ground), rollback?.channel]) {
    if (channel) missed.set(`${channel.name}Missed`, channel.missed);
  }
  const alarms = [...missed].map(([name, queue]) => alarmWhenNotEmpty(name, queue, ground.topic));
  allowAlarms("Alerts", ground.topic, alarms, place);

  return {
    findings: ground.findings.name,
    control: ground.control.name,
    changes: ground.changes.queue.url,
    bus: ground.bus.name,
    alerts: ground.topic.arn,
  };
}
