/// <reference path="../../../.sst/platform/config.d.ts" />
import { alarmWhenNotEmpty } from "./alarms.ts";
import type { Foundation } from "./foundation.ts";
import { comparingMemory, createLambda } from "./lambda.ts";
import type { GuardLocation } from "./location.ts";
import {
  allowAccountReads,
  allowAnyRoleReads,
  allowBatchReads,
  allowControlReads,
  allowLedgerCommits,
  allowLedgerReads,
  allowProfileReads,
  allowReceiving,
  allowResourceReads,
  allowRoleListing,
  allowSending,
  anyPolicyArn,
  iamArn,
  type Permission,
} from "./permissions.ts";
import { consume } from "./queues.ts";
import { feedChanges } from "./rules.ts";

/**
 * Creates the function that inspects the roles concerned by each change. Trigger: the changes queue, which the rules
 * on the default bus feed. Returns the alarm on messages that it could not process.
 */
export function createDetect(
  { config, location, findings, control, changes, topic }: Foundation,
  guardRole: $util.Output<string> | undefined,
): aws.cloudwatch.MetricAlarm {
  const detect = createLambda("Detect", {
    description:
      "Reads the roles that a change concerns, compares them with their references, records findings",
    timeoutSeconds: 60,
    memory: comparingMemory,
    environment: {
      FINDINGS_TABLE: findings.name,
      CONTROL_TABLE: control.name,
      CHANGES_QUEUE_URL: changes.queue.url,
      GUARD_ROLE_ARN: guardRole,
    },
    permissions: [
      ...allowAccountReads(),
      ...allowRoleListing(config),
      ...allowAnyRoleReads(location),
      ...allowFindingRoles(location),
      ...allowDeletionReads(location),
      ...allowBatchReads(),
      ...allowResourceReads(location),
      ...allowLedgerReads(findings),
      ...allowLedgerCommits(findings),
      ...allowControlReads(control),
      ...allowReceiving(changes.queue),
      ...allowSending(changes.queue),
    ],
  });
  feedChanges(changes, location);
  // IAM throttles the reads of a whole account, and AWS does not raise that limit.
  consume(changes, detect, 5);
  return alarmWhenNotEmpty("ChangesMissed", changes.missed, topic);
}

/** Allows finding the roles behind a managed policy or an instance profile that changed. */
function allowFindingRoles(location: GuardLocation): Permission[] {
  return [
    { actions: ["iam:ListEntitiesForPolicy"], resources: anyPolicyArn(location) },
    ...allowProfileReads(location),
  ];
}

/** Allows polling the deletion of service-linked roles, of AWS Batch and of other services. */
function allowDeletionReads(location: GuardLocation): Permission[] {
  return [
    {
      actions: ["iam:GetServiceLinkedRoleDeletionStatus"],
      resources: [iamArn(location, "role/aws-service-role/*")],
    },
  ];
}
