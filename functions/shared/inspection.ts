import { SQSClient } from "@aws-sdk/client-sqs";
import { createLookupQueue, createRecheckQueue, createRollbackQueue } from "@drift-guard/aws/delivery/sqs";
import { createChangeStore } from "@drift-guard/aws/dynamodb/changes";
import { createFullReadStore } from "@drift-guard/aws/dynamodb/full-reads";
import { createSymptomStore } from "@drift-guard/aws/dynamodb/symptoms";
import { createLinkedRoleKeeper } from "@drift-guard/aws/iam/linked-role";
import type { FunctionEnvironment } from "@drift-guard/core/config/environment";
import { sdkClientSettings } from "./client-settings.ts";
import type { FunctionLocation } from "./function.ts";
import { createGuardClients, type GuardClients, openGuard } from "./guard.ts";
import { openBatch, openResources } from "./seldom-read.ts";
import { noteUnreadable } from "./unreadable-items.ts";

/** The clients of a function that inspects roles. */
export interface InspectClients extends GuardClients {
  readonly sqs: SQSClient;
}

/** Creates the clients of a function that inspects roles. */
export function createInspectClients(): InspectClients {
  return { ...createGuardClients(), sqs: new SQSClient(sdkClientSettings) };
}

/** Opens the ports of an inspection. A sweep also needs the event bus and a reader of ECS agents. */
export function openInspection(
  clients: InspectClients,
  environment: FunctionEnvironment<"detect">,
  location: FunctionLocation,
) {
  return {
    ...openGuard(clients, environment, location),
    batch: openBatch(location),
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
