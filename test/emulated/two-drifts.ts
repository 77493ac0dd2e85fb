import assert from "node:assert/strict";
import { DetachRolePolicyCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import type { Finding } from "@drift-guard/core/model/finding";
import { comparePolicies } from "@drift-guard/policy/compare";
import { batchServicePolicy } from "../builders.ts";
import { referenceOf } from "../core/watched-roles.ts";
import { type GuardedAccount, keyOf } from "./account.ts";

/** The roles that `causeDrift` changes. */
export const guarded: readonly string[] = ["AWSBatchServiceRole", "ecsTaskExecutionRole"];
const foreignTrust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
    { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
  ],
});

/** Detaches the policy of one role, and opens the trust policy of the other. */
export async function causeDrift({ iam }: GuardedAccount): Promise<void> {
  await iam.send(
    new DetachRolePolicyCommand({ RoleName: "AWSBatchServiceRole", PolicyArn: batchServicePolicy }),
  );
  await iam.send(
    new UpdateAssumeRolePolicyCommand({ RoleName: "ecsTaskExecutionRole", PolicyDocument: foreignTrust }),
  );
}

/** The drifts of the account. */
export const drifts = async (account: GuardedAccount) =>
  (await account.findings()).filter(({ evidence }) => evidence.kind === "drift");
/** Whether both drifts are resolved. */
export const areResolved = (findings: readonly Finding[]) =>
  findings.length === 2 && findings.every(({ state }) => state === "resolved");

/** The transitions of a finding, each with its cause. */
export async function historyOf(account: GuardedAccount, finding: Finding): Promise<readonly string[]> {
  return (await account.store.history(finding.role, finding.id)).map(
    ({ kind, cause }) => `${kind} by ${cause.kind}`,
  );
}

/** Asserts the final state, which is the same for every order of events. */
export async function assertRolledBack(account: GuardedAccount): Promise<void> {
  const service = await account.roles.read("AWSBatchServiceRole");
  assert.deepEqual(service.status === "present" && service.role.attached.map(({ arn }) => arn), [
    batchServicePolicy,
  ]);
  const execution = await account.roles.read("ecsTaskExecutionRole");
  const trust = execution.status === "present" ? execution.role.trust : "";
  const { trust: expected } = referenceOf("ecsTaskExecutionRole");
  assert.equal(
    comparePolicies(trust, expected, { kind: "trust", account: keyOf("").account }).relation,
    "equal",
  );

  const findings = await drifts(account);
  assert.deepEqual(findings.map(({ role, evidence }) => `${role.name} ${evidence.part}`).sort(), [
    `AWSBatchServiceRole managed:${batchServicePolicy}`,
    "ecsTaskExecutionRole trust",
  ]);
  for (const name of guarded) {
    const { rollbacks } = await account.control.load(keyOf(name));
    assert.deepEqual(
      rollbacks.map(({ status }) => status),
      ["done"],
      `${name} was rolled back once`,
    );
  }
  const impersonations = (await account.findings()).filter(
    ({ evidence }) => evidence.kind === "impersonation",
  );
  assert.deepEqual(impersonations, [], "the guard recognises its own calls");
}
