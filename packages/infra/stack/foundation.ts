/// <reference path="../../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config/config";
import { type AlarmBoard, createTopic, openBoard } from "./alarms.ts";
import { type GuardLocation, locateGuard } from "./location.ts";
import { nameIn, replaceable, settingBoth } from "./names.ts";
import { type Channel, createChannel } from "./queues.ts";
import { createControlTable, createFindingsTable } from "./tables.ts";

/** Seconds for about 140 pages of CloudTrail's event history, the most that a lookup of one role reads. */
export const lookupTimeoutSeconds = 300;

/** The resources that several functions share, and the owner's choices. */
export interface Foundation {
  readonly config: Config;
  readonly location: GuardLocation;
  /** Table of ledgers, transitions and uses. */
  readonly findings: sst.aws.Dynamo;
  /** Table of people's decisions and of what rollback knows and has done. */
  readonly control: sst.aws.Dynamo;
  /** Takes changes from EventBridge, and rechecks from functions; feeds detect. */
  readonly changes: Channel;
  /**
   * Takes AWS Batch's events about failed jobs and blocked queues from EventBridge; feeds detect. Its own queue: a storm
   * of failed jobs must not delay the changes of roles.
   */
  readonly symptoms: Channel;
  /** Takes requests for lookups in CloudTrail from functions; feeds lookup. */
  readonly lookups: Channel;
  /** The guard's own event bus, which carries transitions. */
  readonly bus: sst.aws.Bus;
  /** Takes notices and alarms to people. */
  readonly topic: sst.aws.SnsTopic;
  /** The alarms in the guard's region. */
  readonly board: AlarmBoard;
}

/** Creates the shared resources: tables, queues of changes and symptoms, bus and topic. */
export function createFoundation(config: Config): Foundation {
  const location = locateGuard(config.regions.guard);
  const topic = createTopic("Alerts", config.emails);
  return {
    config,
    location,
    findings: createFindingsTable(),
    control: createControlTable(),
    changes: createChannel("Changes", 60),
    symptoms: createChannel("Symptoms", 60),
    lookups: createChannel("Lookups", lookupTimeoutSeconds),
    bus: new sst.aws.Bus("Bus", {
      transform: {
        bus: settingBoth<aws.cloudwatch.EventBusArgs>({ name: nameIn("bus", "Bus") }, replaceable),
      },
    }),
    topic,
    board: openBoard(topic, config, location),
  };
}
