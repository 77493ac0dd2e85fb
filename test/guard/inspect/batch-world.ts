import assert from "node:assert/strict";
import type { Config } from "@drift-guard/core/config/config";
import { defineConfig } from "@drift-guard/core/config/config";
import type { Finding } from "@drift-guard/core/model/finding";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account, trustOf } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import type { World } from "../world.ts";

/** A configuration that rolls nothing back, with two regions. */
export const observing: Config = defineConfig({
  roles: { AWSBatchServiceRole: {}, ecsTaskExecutionRole: {} },
  regions: { batch: ["us-east-1", "eu-west-1"] },
});
/** The ARN of a secret. */
export const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;

/** Returns the ARN of a role. */
export const roleArn = (name: string, path = "/") => `arn:aws:iam::${account}:role${path}${name}`;

/** Returns the call that creates a compute environment. */
export const anEnvironment = (over: Partial<Extract<BatchCall, { call: "CreateComputeEnvironment" }>> = {}) =>
  ({
    call: "CreateComputeEnvironment",
    computeEnvironmentName: "prod",
    type: "MANAGED",
    serviceRole: "service-role/AWSBatchServiceRole",
    ...over,
  }) as const;

/** Returns the call that registers a job definition. */
export const aDefinition = (containerProperties: object, name = "render") =>
  ({
    call: "RegisterJobDefinition",
    jobDefinitionName: name,
    type: "container",
    containerProperties: { image: "busybox", ...containerProperties },
  }) as const;

/** Returns findings as `ROLE PART SIDE STATE`, sorted. */
export const formatFindings = (findings: readonly Finding[]) =>
  findings
    .map(({ role, evidence, state }) => {
      const what =
        evidence.kind === "drift" ? evidence.side : evidence.kind === "note" ? evidence.topic : evidence.kind;
      return `${role.name} ${evidence.part} ${what} ${state}`;
    })
    .sort();

/** Returns the only finding; fails if there is none or another one. */
export async function onlyFinding(world: World): Promise<Finding> {
  const [finding, ...others] = await world.findings();
  assert.ok(finding, "there is no finding");
  assert.deepEqual(formatFindings(others), []);
  return finding;
}

/** Creates a role that trusts a service, with policies attached. */
export function makeRole(
  world: World,
  roleName: string,
  service: string,
  policies: readonly string[] = [],
): void {
  const call: IamCall = { call: "CreateRole", roleName, assumeRolePolicyDocument: trustOf(service) };
  world.act(call);
  for (const policyArn of policies) world.act({ call: "AttachRolePolicy", roleName, policyArn });
}

/** Returns the ARNs of the policies that a built-in reference requires. */
export const attachmentsOf = (name: string) => referenceOf(name).attachments.map(({ arn }) => arn);
