/// <reference path="../../.sst/platform/config.d.ts" />
import type { Config } from "@drift-guard/core/config";
import type { TransitionKind } from "@drift-guard/core/transition";
import { alarmWhenNotEmpty, allowAlarms, createTopic } from "./alerts.ts";
import { forwardRegions } from "./forwarders.ts";
import { createLambda } from "./functions.ts";
import {
  announceOn,
  findUndelivered,
  keepLedgers,
  markDelivered,
  readAccount,
  readControl,
  readRoles,
  receiveFrom,
  rolledBackRoles,
  sendTo,
  writeControl,
  writeRoles,
} from "./permissions.ts";
import { type Place, placeIn } from "./place.ts";
import { type Channel, consume, createChannel, createMissedQueue } from "./queues.ts";
import { feedChanges, feedTransitions } from "./rules.ts";
import { createControlTable, createFindingsTable, guardControl } from "./tables.ts";

/** The transitions after which something may be put back. */
const rollbackKinds: readonly TransitionKind[] = ["opened", "grew", "reopened", "approved"];

/** Everything that stands before any function: what is kept, and the ways between. */
interface Ground {
  readonly config: Config;
  readonly place: Place;
  readonly findings: sst.aws.Dynamo;
  readonly control: sst.aws.Dynamo;
  readonly changes: Channel;
  readonly bus: sst.aws.Bus;
  readonly topic: sst.aws.SnsTopic;
}

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

/** What every function that inspects roles is told. */
function inspecting({ findings, control, changes }: Ground, guardRole?: $util.Output<string>) {
  return {
    FINDINGS_TABLE: findings.name,
    CONTROL_TABLE: control.name,
    CHANGES_QUEUE_URL: changes.queue.url,
    ...(guardRole && { GUARD_ROLE_ARN: guardRole }),
  };
}

function createDetect(ground: Ground, guardRole?: $util.Output<string>): void {
  const { config, place, findings, control, changes } = ground;
  const detect = createLambda("Detect", {
    description:
      "Reads the roles that a change concerns, compares them with their references, records findings",
    timeoutSeconds: 60,
    environment: inspecting(ground, guardRole),
    permissions: [
      ...readRoles(config, place),
      ...keepLedgers(findings),
      ...readControl(control),
      ...receiveFrom(changes.queue),
      ...sendTo(changes.queue),
    ],
  });
  // IAM throttles an account's reads, and the limit cannot be raised.
  consume(changes, detect, 5);
}

function createSweep(ground: Ground, guardRole?: $util.Output<string>): sst.aws.Queue {
  const { config, place, findings, control, changes, bus } = ground;
  const missed = createMissedQueue("SweepMissed");
  const sweep = createLambda("Sweep", {
    description: "Finds what no event told, and tells again what no sink has marked",
    timeoutSeconds: 900,
    memory: "512 MB",
    environment: { ...inspecting(ground, guardRole), BUS_NAME: bus.name },
    permissions: [
      ...readAccount(),
      ...readRoles(config, place),
      ...keepLedgers(findings),
      ...findUndelivered(findings),
      ...readControl(control),
      ...sendTo(changes.queue),
      ...announceOn(bus),
      ...sendTo(missed),
    ],
    onFailure: missed,
  });
  new sst.aws.CronV2("Schedule", {
    schedule: config.sweepHours === 1 ? "rate(1 hour)" : `rate(${config.sweepHours} hours)`,
    retries: 2,
    dlq: missed.arn,
    function: sweep.arn,
  });
  return missed;
}

function createPublish({ findings, bus }: Ground): sst.aws.Queue {
  const missed = createMissedQueue("StreamMissed");
  const publish = createLambda("Publish", {
    description: "Tells new transitions on the guard's own bus",
    timeoutSeconds: 60,
    environment: { BUS_NAME: bus.name },
    permissions: [
      {
        actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        resources: [findings.nodes.table.streamArn],
      },
      { actions: ["dynamodb:ListStreams"], resources: ["*"] },
      ...announceOn(bus),
      ...sendTo(missed),
    ],
  });
  findings.subscribe("Publish", publish.arn, {
    filters: [{ eventName: ["INSERT"], dynamodb: { Keys: { sk: { S: [{ prefix: "TRANSITION#" }] } } } }],
    transform: {
      eventSourceMapping: {
        startingPosition: "TRIM_HORIZON",
        batchSize: 100,
        functionResponseTypes: ["ReportBatchItemFailures"],
        bisectBatchOnFunctionError: true,
        maximumRetryAttempts: 10,
        destinationConfig: { onFailure: { destinationArn: missed.arn } },
      },
    },
  });
  return missed;
}

function createNotify({ place, findings, bus, topic }: Ground): Channel {
  const channel = createChannel("Notify", 60);
  const notifier = createLambda("Notifier", {
    description: "Sends transitions to people",
    timeoutSeconds: 60,
    environment: { FINDINGS_TABLE: findings.name, TOPIC_ARN: topic.arn },
    permissions: [
      { actions: ["sns:Publish"], resources: [topic.arn] },
      ...markDelivered(findings),
      ...receiveFrom(channel.queue),
    ],
  });
  feedTransitions(channel, bus, place);
  consume(channel, notifier);
  return channel;
}

function createHubImport({ config, place, findings, bus }: Ground): Channel | undefined {
  if (!config.securityHub) return undefined;
  const { partition, region, account } = place;
  const channel = createChannel("SecurityHub", 60);
  const importer = createLambda("HubImporter", {
    description: "Imports findings into Security Hub",
    timeoutSeconds: 60,
    environment: { FINDINGS_TABLE: findings.name },
    permissions: [
      {
        actions: ["securityhub:BatchImportFindings"],
        resources: [
          $interpolate`arn:${partition}:securityhub:${region}:${account}:product/${account}/default`,
        ],
      },
      ...markDelivered(findings),
      ...receiveFrom(channel.queue),
    ],
  });
  feedTransitions(channel, bus, place);
  consume(channel, importer);
  return channel;
}

function createRollback(ground: Ground): { channel: Channel; role: $util.Output<string> } | undefined {
  const { config, place, findings, control, changes, bus } = ground;
  if (rolledBackRoles(config).length === 0) return undefined;
  const channel = createChannel("Rollback", 120);
  const rollbacker = createLambda("Rollbacker", {
    description: "Puts a role back where its owner asked for that: the only writer of roles",
    timeoutSeconds: 120,
    // One at a time: two rollbacks of one role would overlap.
    reserved: 1,
    environment: inspecting(ground),
    permissions: [
      ...readRoles(config, place),
      ...writeRoles(config, place),
      ...keepLedgers(findings),
      ...readControl(control),
      ...writeControl(control),
      ...sendTo(changes.queue),
      ...receiveFrom(channel.queue),
    ],
  });
  feedTransitions(channel, bus, place, rollbackKinds);
  // Two is the fewest that SQS polls with; what the reserved one throttles is received again.
  consume(channel, rollbacker, 2);
  return { channel, role: rollbacker.nodes.role.arn };
}
