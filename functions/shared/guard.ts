import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import type { FunctionEnvironment } from "@drift-guard/core/config/environment";
import type { Sink } from "@drift-guard/core/ports";
import type { GuardSettings } from "@drift-guard/guard/ports";
import { sdkClientSettings } from "./client-settings.ts";
import { configuration as config } from "./configuration.ts";
import type { FunctionLocation } from "./function.ts";
import type { Postpone } from "./queue.ts";
import { noteUnreadable } from "./unreadable-items.ts";

/** The sinks that the owner configured. A transition counts as delivered when each of them has delivered it. */
export const sinks: readonly Sink[] = config.securityHub ? ["notify", "securityhub"] : ["notify"];

/** The ports and settings with which a function of the guard handles one invocation. */
export interface OpenedGuard<Ports> {
  readonly ports: Ports;
  readonly settings: GuardSettings;
  /** Left out where failed messages return after the visibility timeout of their queue. */
  readonly postpone?: Postpone;
}

/** The clients of a function that reads roles and commits findings. */
export interface GuardClients {
  readonly iam: IAMClient;
  readonly dynamodb: DynamoDBClient;
}

/** Creates the clients of a function that reads roles and commits findings. */
export function createGuardClients(): GuardClients {
  return { iam: new IAMClient(sdkClientSettings), dynamodb: new DynamoDBClient(sdkClientSettings) };
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
