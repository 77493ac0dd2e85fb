/// <reference path="../../../.sst/platform/config.d.ts" />
import { alarmOnMissed } from "./delivery-alarms.ts";
import type { Foundation } from "./foundation.ts";
import { alarmOnFailures, alarmOnForgedItems, alarmOnMissingSweeps } from "./function-alarms.ts";
import { comparingMemory, createLambda } from "./lambda.ts";
import type { GuardLocation } from "./location.ts";
import { nameIn, replaceable, settingBoth } from "./names.ts";
import {
  allowAccountReads,
  allowAnnouncing,
  allowAnyRoleReads,
  allowBatchReads,
  allowControlReads,
  allowDeliveryMarks,
  allowLedgerCommits,
  allowLedgerReads,
  allowProfileReads,
  allowResourceReads,
  allowRoleListing,
  allowSending,
  type Permission,
} from "./permissions.ts";
import { createMissedQueue } from "./queues.ts";
import type { RollbackDeployment } from "./rollback.ts";

/**
 * Creates the function that inspects every watched role. Trigger: a schedule, every `sweepHours`.
 */
export function createSweep(
  { config, location, findings, control, changes, lookups, bus, board }: Foundation,
  rollback: RollbackDeployment | undefined,
): void {
  const missed = createMissedQueue("SweepMissed");
  const sweep = createLambda("Sweep", location, {
    description: "Finds drift that no event reported, and sends again transitions that were not delivered",
    timeoutSeconds: 900,
    memory: comparingMemory,
    environment: {
      FINDINGS_TABLE: findings.name,
      CONTROL_TABLE: control.name,
      CHANGES_QUEUE_URL: changes.queue.url,
      LOOKUPS_QUEUE_URL: lookups.queue.url,
      GUARD_ROLE_ARN: rollback?.role,
      ROLLBACK_QUEUE_URL: rollback?.queue.url,
      BUS_NAME: bus.name,
    },
    permissions: [
      ...allowAccountReads(),
      ...allowRoleListing(config),
      ...allowAnyRoleReads(location),
      ...allowProfileReads(location),
      ...allowBatchReads(),
      ...allowResourceReads(location),
      ...allowAgentReads(location),
      ...allowRegionListing(),
      ...allowLedgerReads(findings),
      ...allowLedgerCommits(findings),
      ...allowUndeliveredReads(findings),
      ...allowFindingListing(findings),
      // The migration updates transitions; a renewal in Security Hub marks them.
      ...allowDeliveryMarks(findings),
      ...allowControlReads(control),
      ...allowSending(changes.queue),
      ...allowSending(lookups.queue),
      ...(rollback ? allowSending(rollback.queue) : []),
      ...allowAnnouncing(bus),
    ],
    lambdaCalls: allowSending(missed),
    onFailure: missed,
  });
  new sst.aws.CronV2("Schedule", {
    schedule: config.sweepHours === 1 ? "rate(1 hour)" : `rate(${config.sweepHours} hours)`,
    retries: 2,
    dlq: missed.arn,
    function: sweep.arn,
    transform: {
      schedule: settingBoth<aws.scheduler.ScheduleArgs>({ name: nameIn("schedule", "Sweep") }, replaceable),
      role: settingBoth<aws.iam.RoleArgs>({ name: nameIn("role", "Schedule") }, replaceable),
    },
  });
  // A later sweep makes up for a missed one. That none does is another alarm, which every deployment has.
  alarmOnMissed("SweepMissed", missed, { essential: false }, board);
  alarmOnMissingSweeps(config, board);
  alarmOnFailures("sweep", {}, board);
  alarmOnForgedItems("sweep", { essential: true }, board);
}

/**
 * Allows reading the ECS agents on the instances of AWS Batch's clusters. Batch names its clusters in two ways, an
 * older and a newer one.
 */
function allowAgentReads({ partition, account }: GuardLocation): Permission[] {
  const ecs = (resource: string) => $interpolate`arn:${partition}:ecs:*:${account}:${resource}`;
  return [
    {
      actions: ["ecs:DescribeContainerInstances", "ecs:ListContainerInstances"],
      resources: [ecs("cluster/AWSBatch*"), ecs("cluster/*_Batch_*"), ecs("container-instance/*")],
    },
  ];
}

/** Allows listing the Regions that the account has enabled. The call supports no narrower resource. */
function allowRegionListing(): Permission[] {
  return [{ actions: ["account:ListRegions"], resources: ["*"] }];
}

/** Allows listing the findings by state: of roles that the configuration does not name, it reads those with findings. */
function allowFindingListing(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [$interpolate`${findings.arn}/index/byListing`] }];
}

/** Allows finding the transitions that no sink has marked as delivered. */
function allowUndeliveredReads(findings: sst.aws.Dynamo): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [$interpolate`${findings.arn}/index/byDue`] }];
}
