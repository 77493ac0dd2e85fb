import { randomUUID } from "node:crypto";
import { BatchClient } from "@aws-sdk/client-batch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createBatchReader } from "@drift-guard/aws/batch/reader";
import { createRecheckQueue } from "@drift-guard/aws/delivery/sqs";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import { createLinkedRoleKeeper } from "@drift-guard/aws/iam/linked-role";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import type { GuardSettings, InspectPorts, RollbackPorts, SweepPorts } from "@drift-guard/guard/ports";
import config from "../../drift-guard.config.ts";
import { patience } from "./client-settings.ts";
import { Environment, readEnvironment } from "./environment.ts";
import { openFindings } from "./findings.ts";
import type { Home } from "./function.ts";

/** The clients of a function that reads roles and writes the tables. */
export interface GuardClients {
  readonly iam: IAMClient;
  readonly dynamodb: DynamoDBClient;
}

/** The clients of a function that inspects roles. */
export interface InspectClients extends GuardClients {
  readonly sqs: SQSClient;
}

/** Makes the clients of a function that reads roles and writes the tables, once for its container. */
export function createGuardClients(): GuardClients {
  return { iam: new IAMClient(patience), dynamodb: new DynamoDBClient(patience) };
}

/** Makes the clients of a function that inspects roles, once for its container. */
export function createInspectClients(): InspectClients {
  return { ...createGuardClients(), sqs: new SQSClient(patience) };
}

/** Opens the ports of an inspection, which are those of a sweep without bus and agents, for one invocation. */
export function openInspection(
  { iam, dynamodb, sqs }: InspectClients,
  home: Home,
): {
  readonly ports: InspectPorts & Pick<SweepPorts, "roles" | "findings">;
  readonly settings: GuardSettings;
} {
  const { account, partition } = home;
  const { CHANGES_QUEUE_URL } = readEnvironment(Environment.pick({ CHANGES_QUEUE_URL: true }));
  const { settings, ...stores } = openStores(iam, dynamodb, home);
  return {
    ports: {
      ...stores,
      batch: createBatchReader((region) => new BatchClient({ ...patience, region }), { account, partition }),
      deletions: createLinkedRoleKeeper(iam),
      rechecks: createRecheckQueue(sqs, CHANGES_QUEUE_URL),
      now: () => new Date(),
    },
    settings,
  };
}

/** Opens the ports of a rollback, for one invocation. */
export function openRollback(
  { iam, dynamodb }: GuardClients,
  home: Home,
): {
  readonly ports: RollbackPorts & Pick<SweepPorts, "findings">;
  readonly settings: GuardSettings;
} {
  const { settings, ...stores } = openStores(iam, dynamodb, home);
  return {
    ports: { ...stores, writer: createRoleWriter(iam), newId: randomUUID, now: () => new Date() },
    settings,
  };
}

function openStores(iam: IAMClient, dynamodb: DynamoDBClient, { account, partition }: Home) {
  const environment = readEnvironment(
    Environment.pick({ FINDINGS_TABLE: true, CONTROL_TABLE: true, GUARD_ROLE_ARN: true }),
  );
  const settings: GuardSettings = {
    config,
    account,
    partition,
    ...(environment.GUARD_ROLE_ARN && { guardRole: environment.GUARD_ROLE_ARN }),
  };
  return {
    roles: createRoleReader(iam, { account, partition }),
    findings: openFindings(dynamodb),
    control: createControlStore(dynamodb, { table: environment.CONTROL_TABLE }),
    usage: createUsageStore(dynamodb, { table: environment.FINDINGS_TABLE }),
    settings,
  };
}
