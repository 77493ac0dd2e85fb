import { BatchClient } from "@aws-sdk/client-batch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createBatchReader } from "@drift-guard/aws/batch/reader";
import { createLookupQueue, createRecheckQueue, createRollbackQueue } from "@drift-guard/aws/delivery/sqs";
import { createChangeStore } from "@drift-guard/aws/dynamodb/changes";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createFullReadStore } from "@drift-guard/aws/dynamodb/full-reads";
import { createSymptomStore } from "@drift-guard/aws/dynamodb/symptoms";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import { createLinkedRoleKeeper } from "@drift-guard/aws/iam/linked-role";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import type { FunctionEnvironment } from "@drift-guard/core/config/environment";
import type { Sink } from "@drift-guard/core/ports";
import type { GuardSettings } from "@drift-guard/guard/ports";
import { sdkClientSettings } from "./client-settings.ts";
import { configuration as config } from "./configuration.ts";
import type { FunctionLocation } from "./function.ts";
import { openResources } from "./resources.ts";
import { noteUnreadable } from "./unreadable-items.ts";

/** The sinks that the owner configured. A transition counts as delivered when each of them has delivered it. */
export const sinks: readonly Sink[] = config.securityHub ? ["notify", "securityhub"] : ["notify"];

/** The ports and settings with which a function of the guard handles one invocation. */
export interface OpenedGuard<Ports> {
  readonly ports: Ports;
  readonly settings: GuardSettings;
}

/** The clients of a function that reads roles and commits findings. */
export interface GuardClients {
  readonly iam: IAMClient;
  readonly dynamodb: DynamoDBClient;
}

/** The clients of a function that inspects roles. */
export interface InspectClients extends GuardClients {
  readonly sqs: SQSClient;
}

/** Creates the clients of a function that reads roles and commits findings. */
export function createGuardClients(): GuardClients {
  return { iam: new IAMClient(sdkClientSettings), dynamodb: new DynamoDBClient(sdkClientSettings) };
}

/** Creates the clients of a function that inspects roles. */
export function createInspectClients(): InspectClients {
  return { ...createGuardClients(), sqs: new SQSClient(sdkClientSettings) };
}

/** Returns the settings of the guard in the function's account; `guardRole` is the ARN of the rollback function's role. */
export function describeGuard(location: FunctionLocation, guardRole?: string): GuardSettings {
  const { account, partition } = location;
  return { config, account, partition, ...(guardRole && { guardRole }) };
}

/**
 * Opens the ports that every function uses which reads roles and commits findings. The variables of rollback are those
 * that all of these functions have.
 */
export function openGuard(
  { iam, dynamodb }: GuardClients,
  {
    FINDINGS_TABLE,
    CONTROL_TABLE,
  }: Pick<FunctionEnvironment<"rollback">, "FINDINGS_TABLE" | "CONTROL_TABLE">,
  { account, partition }: FunctionLocation,
) {
  return {
    roles: createRoleReader(iam, { account, partition }),
    findings: createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks }),
    control: createControlStore(dynamodb, { table: CONTROL_TABLE }),
    usage: createUsageStore(dynamodb, { table: FINDINGS_TABLE, onUnreadable: noteUnreadable }),
    now: () => new Date(),
  };
}

/** Opens the ports of an inspection. A sweep also needs the event bus and a reader of ECS agents. */
export function openInspection(
  clients: InspectClients,
  environment: FunctionEnvironment<"detect">,
  location: FunctionLocation,
) {
  const { account, partition } = location;
  return {
    ...openGuard(clients, environment, location),
    batch: createBatchReader((region) => new BatchClient({ ...sdkClientSettings, region }), {
      account,
      partition,
    }),
    changes: createChangeStore(clients.dynamodb, {
      table: environment.FINDINGS_TABLE,
      onUnreadable: noteUnreadable,
      now: () => new Date(),
    }),
    symptoms: createSymptomStore(clients.dynamodb, { table: environment.FINDINGS_TABLE }),
    fullReads: createFullReadStore(clients.dynamodb, {
      table: environment.FINDINGS_TABLE,
      onUnreadable: noteUnreadable,
    }),
    deletions: createLinkedRoleKeeper(clients.iam),
    rechecks: createRecheckQueue(clients.sqs, environment.CHANGES_QUEUE_URL),
    lookups: createLookupQueue(clients.sqs, environment.LOOKUPS_QUEUE_URL),
    ...(environment.ROLLBACK_QUEUE_URL && {
      requests: createRollbackQueue(clients.sqs, environment.ROLLBACK_QUEUE_URL),
    }),
    resources: openResources(location),
  };
}
