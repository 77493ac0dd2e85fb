import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Need } from "@drift-guard/core/batch/role-use";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { evaluateUses } from "@drift-guard/core/evaluate/uses";
import { account, aDefinitionUse } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;
const parameter = `arn:aws:ssm:us-east-1:${account}:parameter/db`;
const key = `arn:aws:kms:us-east-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const [get, decrypt, read] = ["secretsmanager:GetSecretValue", "kms:Decrypt", "ssm:GetParameters"];

/** Policies that AWS or others print for execution roles, with ids filled in. */
const examples = [
  {
    // AWS Batch User Guide, "Required IAM permissions for private registry authentication".
    name: "the guide's policy for private registries (R39, R45, R47, T4)",
    actions: [decrypt, get],
    resources: [secret, key],
  },
  {
    // AWS Batch User Guide, "Required IAM permissions for AWS Batch secrets".
    name: "the guide's policy for secrets (R39, R46, R47, T3, T4)",
    actions: [get, decrypt],
    resources: [secret, key],
  },
  {
    // The text of the same section, which asks for ssm:GetParameters too.
    name: "the guide's policy for secrets, with parameters (T3)",
    actions: [read, get, decrypt],
    resources: [parameter, secret, key],
  },
  {
    // https://pastebin.com/ZBYDm2G0, the policy of an ECS service; here with the ARN form that a key has.
    name: "three actions on a secret and a key",
    actions: [read, get, decrypt],
    resources: [secret, key],
  },
  {
    // https://github.com/jniranjanreddy/oracle-rac, ECS-Secrets.md: the guide's example as people copy it.
    name: "the example with a wildcard for the suffix of the secret's name",
    actions: [get, decrypt],
    resources: [`arn:aws:secretsmanager:us-east-1:${account}:secret:db-??????`, key],
  },
  {
    // After AWS Elastic Beanstalk Developer Guide, "Required IAM permissions for Elastic Beanstalk to access secrets and
    // parameters", which asks for kms:Decrypt beside the action, with the key's ARN added to the resources.
    name: "parameters and their key",
    actions: [read, decrypt],
    resources: [parameter, key],
  },
] as const;

const policy = (Action: readonly string[], Resource: readonly string[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });
const holding = (text: string) =>
  asReferenced("ecsTaskExecutionRole", { inline: [{ name: "secrets", text }] });
const assess = (text: string) =>
  evaluate({
    reference: referenceOf("ecsTaskExecutionRole"),
    guarded: guardedAs({ rollback: { excess: "automatic", missing: "automatic" } }),
    reading: { status: "present", role: holding(text) },
  });

describe("a printed policy on an execution role", () => {
  for (const { name, actions, resources } of examples) {
    it(`is no drift: ${name}`, () => {
      assert.deepEqual(assess(policy(actions, resources)), []);
    });
  }

  it("meets the needs of a definition that uses its secret, and none of its pairs is unused", () => {
    const need: Need = { action: get, resource: secret, what: "secret", at: "secrets[0].valueFrom" };
    const facts = new Map([
      [secret, { policy: null, key }],
      [key, { policy: policyOfKey, key: null }],
    ]);
    for (const { actions, resources } of examples.slice(0, 2)) {
      const reading = { status: "present", role: holding(policy(actions, resources)) } as const;
      assert.deepEqual(evaluateUses({ reading, uses: [aDefinitionUse({ needs: [need] })], facts }), []);
    }
  });

  it("is still excess where a pair is possible and too much", () => {
    const [drift, ...others] = assess(policy([get, decrypt, "iam:PassRole"], [secret, key, "*"]));
    assert.deepEqual(others, []);
    assert.ok(drift?.kind === "drift" && drift.side === "excess");
    assert.deepEqual([...new Set(drift.grants.flatMap(({ resources }) => resources))], ["*"]);
  });
});

const policyOfKey = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: "kms:*",
      Resource: "*",
    },
  ],
});
