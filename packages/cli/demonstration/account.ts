import { type ConfigInput, defaultRoles, defineConfig } from "@drift-guard/core/config/config";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import type { SimulatedBatch } from "@drift-guard/embedded/batch/batch";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import type { SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import type { GuardSettings } from "@drift-guard/guard/ports";

/** The region of AWS Batch in the demonstration. */
export const batchRegion = "us-east-1";
/** The caller that sets up the account and reads it for the result. */
export const root: ApiCaller = { kind: "root" };

/** The guard's settings on an account: the default roles with automatic rollback. */
export function makeSettings({
  account,
  partition,
}: SimulatedAccount): GuardSettings & { readonly guardRole: string } {
  const automatic = { excess: "automatic", missing: "automatic" } as const;
  const roles: ConfigInput["roles"] = Object.fromEntries(
    Object.entries(defaultRoles).map(([name, role]) => [name, { ...role, rollback: automatic }]),
  );
  return {
    config: defineConfig({ roles }),
    account,
    partition,
    guardRole: `arn:${partition}:iam::${account}:role/drift-guard-rollback`,
  };
}

/** Creates resources of AWS Batch that use the roles: a compute environment with a queue, and a job definition. */
export async function createBatchResources(batch: SimulatedBatch): Promise<void> {
  const serviceRole = "service-role/AWSBatchServiceRole";
  const computeEnvironment = "rendering";
  const calls: readonly BatchCall[] = [
    {
      call: "CreateComputeEnvironment",
      computeEnvironmentName: computeEnvironment,
      type: "MANAGED",
      serviceRole,
    },
    {
      call: "CreateJobQueue",
      jobQueueName: "frames",
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment }],
    },
    {
      call: "RegisterJobDefinition",
      jobDefinitionName: "render",
      type: "container",
      containerProperties: { image: "renderer", executionRoleArn: "ecsTaskExecutionRole" },
    },
  ];
  for (const call of calls) await batch.call(batchRegion, call, root);
}

/** Creates the watched roles as their references say. */
export function createRoles(account: SimulatedAccount, settings: GuardSettings): void {
  for (const { name: roleName, reference } of listWatchedRoles(settings)) {
    const { serviceLinked, trust, attachments } = reference;
    if (serviceLinked !== undefined) {
      account.call({ call: "CreateServiceLinkedRole", awsServiceName: serviceLinked }, root);
      continue;
    }
    // The console creates this role at /service-role/ (2.8).
    const path = roleName === "AWSBatchServiceRole" ? "/service-role/" : "/";
    account.call({ call: "CreateRole", roleName, path, assumeRolePolicyDocument: trust }, root);
    for (const { arn } of attachments) {
      account.call({ call: "AttachRolePolicy", roleName, policyArn: arn }, root);
    }
  }
}
