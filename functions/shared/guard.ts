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
import type { GuardPorts, GuardSettings } from "@drift-guard/guard/ports";
import config from "../../drift-guard.config.ts";
import { patience } from "./client-settings.ts";
import { Environment, readEnvironment } from "./environment.ts";
import { openFindings } from "./findings.ts";
import type { Home } from "./function.ts";

/** The clients of a function that looks at roles. */
export interface GuardClients {
  readonly iam: IAMClient;
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
}

/** Makes the clients of a function that looks at roles, once for its container. */
export function createGuardClients(): GuardClients {
  return {
    iam: new IAMClient(patience),
    dynamodb: new DynamoDBClient(patience),
    sqs: new SQSClient(patience),
  };
}

/** Opens what the guard needs to look at roles, for one invocation. */
export function openGuard(
  { iam, dynamodb, sqs }: GuardClients,
  home: Home,
): { readonly ports: GuardPorts; readonly settings: GuardSettings } {
  const { account, partition } = home;
  const environment = readEnvironment(
    Environment.pick({
      FINDINGS_TABLE: true,
      CONTROL_TABLE: true,
      CHANGES_QUEUE_URL: true,
      GUARD_ROLE_ARN: true,
    }),
  );
  return {
    ports: {
      roles: createRoleReader(iam, { account, partition }),
      findings: openFindings(dynamodb),
      control: createControlStore(dynamodb, { table: environment.CONTROL_TABLE }),
      batch: createBatchReader((region) => new BatchClient({ ...patience, region }), { account, partition }),
      usage: createUsageStore(dynamodb, { table: environment.FINDINGS_TABLE }),
      deletions: createLinkedRoleKeeper(iam),
      rechecks: createRecheckQueue(sqs, environment.CHANGES_QUEUE_URL),
      now: () => new Date(),
    },
    settings: {
      config,
      account,
      partition,
      ...(environment.GUARD_ROLE_ARN && { guardRole: environment.GUARD_ROLE_ARN }),
    },
  };
}
