/// <reference path="../../../.sst/platform/config.d.ts" />
import { alarmOnAge, alarmOnMissed } from "./delivery-alarms.ts";
import type { Foundation } from "./foundation.ts";
import { alarmOnFailures, alarmOnForgedItems, alarmOnMetric } from "./function-alarms.ts";
import { comparingMemory, createLambda } from "./lambda.ts";
import type { GuardLocation } from "./location.ts";
import {
  allowAccountReads,
  allowAnyRoleReads,
  allowBatchReads,
  allowControlReads,
  allowLedgerCommits,
  allowLedgerReads,
  allowPostponing,
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
import type { RollbackDeployment } from "./rollback.ts";
import { feedChanges, feedSymptoms } from "./rules.ts";

/**
 * Creates the function that inspects the roles concerned by each change. Triggers: the queues of changes
 * and of symptoms, which the rules on the default bus feed.
 */
export function createDetect(
  { config, location, findings, control, changes, symptoms, lookups, board }: Foundation,
  rollback: RollbackDeployment | undefined,
): void {
  const detect = createLambda("Detect", location, {
    description:
      "Reads the roles that a change concerns, compares them with their references, records findings",
    timeoutSeconds: 60,
    memory: comparingMemory,
    environment: {
      FINDINGS_TABLE: findings.name,
      CONTROL_TABLE: control.name,
      CHANGES_QUEUE_URL: changes.queue.url,
      LOOKUPS_QUEUE_URL: lookups.queue.url,
      GUARD_ROLE_ARN: rollback?.role,
      ROLLBACK_QUEUE_URL: rollback?.queue.url,
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
      ...allowSending(changes.queue),
      ...allowPostponing(changes.queue),
      ...allowSending(lookups.queue),
      ...(rollback ? allowSending(rollback.queue) : []),
    ],
    lambdaCalls: [...allowReceiving(changes.queue), ...allowReceiving(symptoms.queue)],
  });
  feedChanges(changes, location);
  feedSymptoms(symptoms, location);
  // IAM throttles the reads of a whole account, and AWS does not raise that limit.
  consume(changes, detect, { concurrency: 5 });
  // The fewest that Lambda allows (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
  consume(symptoms, detect, { concurrency: 2 });
  alarmOnMissed("ChangesMissed", changes.missed, { essential: true, blinding: true }, board);
  // Symptoms explain drift that changes and sweeps find.
  alarmOnMissed("SymptomsMissed", symptoms.missed, { essential: false }, board);
  alarmOnAge(changes, "Detect", { essential: true, blinding: true }, board);
  alarmOnAge(symptoms, "Detect", { essential: false }, board);
  alarmOnFailures("detect", { blinding: true }, board);
  alarmOnForgedItems("detect", { essential: true }, board);
  alarmOnMetric(
    "ForeignMessages",
    "detect",
    {
      means:
        "drift-guard dropped a message that none of its rules delivers. Somebody may try to name others for a change: find out who sent it.",
      pattern: "was dropped",
      essential: false,
    },
    board,
  );
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
