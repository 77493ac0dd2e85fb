import assert from "node:assert/strict";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { comparePolicies } from "@drift-guard/policy/compare";
import { account, allow, batchServicePolicy } from "../builders.ts";
import { referenceOf } from "../core/watched-roles.ts";
import type { World } from "./world.ts";

/** Detaches the policy of the Batch service role. */
export const detach = {
  call: "DetachRolePolicy",
  roleName: "AWSBatchServiceRole",
  policyArn: batchServicePolicy,
} as const satisfies IamCall;

/** Attaches that policy again. */
export const attach = { ...detach, call: "AttachRolePolicy" } as const satisfies IamCall;

/** Adds a policy with full IAM access to the Batch service role. */
export const rogue = {
  call: "PutRolePolicy",
  roleName: "AWSBatchServiceRole",
  policyName: "rogue",
  policyDocument: allow("iam:*"),
} as const satisfies IamCall;

/** Opens the trust of the execution role to another account. */
export const open = {
  call: "UpdateAssumeRolePolicy",
  roleName: "ecsTaskExecutionRole",
  policyDocument: JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
      { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
    ],
  }),
} as const satisfies IamCall;

/** Contains the Batch service role by a Deny of everything. */
export const contain = {
  call: "PutRolePolicy",
  roleName: "AWSBatchServiceRole",
  policyName: "AWSRevokeOlderSessions",
  policyDocument: JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
  }),
} as const satisfies IamCall;

/** The kinds of the announced transitions, in order. */
export const kinds = ({ announced }: World) => announced.map(({ kind }) => kind);

/** The states in which requests for rollbacks ended, in order, without those that asked for no change. */
export const outcomes = ({ rollbacks }: World) =>
  rollbacks.flatMap(({ status }) => (status === "nothing-to-do" || status === "enrolled" ? [] : [status]));

/** Reads a role that must exist. */
export async function roleNamed(
  world: World,
  name: string,
): Promise<Extract<RoleReading, { status: "present" }>["role"]> {
  const reading = await world.ports.roles.read(name);
  if (reading.status === "absent") throw new assert.AssertionError({ message: `${name} is absent` });
  return reading.role;
}

/** Asserts that the two configured roles match their references. */
export async function isAsReferenced(world: World): Promise<void> {
  const service = await roleNamed(world, "AWSBatchServiceRole");
  assert.deepEqual(
    service.attached.map(({ arn }) => arn),
    [batchServicePolicy],
  );
  assert.deepEqual(service.inline, []);
  const execution = await roleNamed(world, "ecsTaskExecutionRole");
  const { trust } = referenceOf("ecsTaskExecutionRole");
  assert.equal(comparePolicies(execution.trust, trust, { kind: "trust", account }).relation, "equal");
}
