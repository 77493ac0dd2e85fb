import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DeregisterJobDefinitionCommand,
  RegisterJobDefinitionCommand,
} from "@aws-sdk/client-batch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { CreateRoleCommand, DetachRolePolicyCommand } from "@aws-sdk/client-iam";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import type { Finding } from "@drift-guard/core/model/finding";
import { clientSettings } from "@drift-guard/local/client";
import { batchServicePolicy, trustOf } from "../builders.ts";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, keyOf, startGuardedAccount, until } from "./account.ts";
import { declareLinkedRoleDeletion } from "./linked-role.ts";

const { account: accountId } = keyOf("");
const secret = `arn:aws:secretsmanager:us-east-1:${accountId}:secret:db-AbCdEf`;
const arnOf = (role: string) => `arn:aws:iam::${accountId}:role/${role}`;

const listNeedFindings = (findings: readonly Finding[]) =>
  findings.filter(({ evidence }) => evidence.kind === "drift" && evidence.part.kind === "permissions");

async function arnOfRole({ roles }: GuardedAccount, name: string): Promise<string> {
  const reading = await roles.read(name);
  return reading.status === "present" ? reading.role.arn : assert.fail(`${name} is there`);
}

describeEmulated("AWS Batch, with the deployed bundles", () => {
  let account: GuardedAccount;
  let batch: BatchClient;
  const usesOf = (name: string) => {
    const client = new DynamoDBClient(clientSettings(account.local.endpoint));
    const table = account.local.deployment.outputs.Findings ?? "";
    return createUsageStore(client, { table }).usesOf(keyOf(name));
  };
  before(async () => {
    account = await startGuardedAccount();
    batch = new BatchClient(clientSettings(account.local.endpoint));
  });
  after(() => account.stop());

  it("RegisterJobDefinition leads to a finding with definition, revision and fix for what its execution role lacks", async () => {
    const executionRoleArn = await arnOfRole(account, "ecsTaskExecutionRole");
    await batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: "render",
        type: "container",
        containerProperties: {
          image: "busybox",
          vcpus: 1,
          memory: 128,
          executionRoleArn,
          secrets: [{ name: "DB", valueFrom: secret }],
        },
      }),
    );
    const [finding] = await until(
      "a finding on the missing permission",
      async () => listNeedFindings(await account.findings()),
      (found) => found.length > 0,
    );
    assert.ok(finding?.evidence.kind === "drift");
    assert.match(
      finding.evidence.detail ?? "",
      /job definition render:1 in us-east-1 needs secretsmanager:GetSecretValue/,
    );
    assert.match(finding.evidence.cure ?? "", /secretsmanager:GetSecretValue/);
    assert.match(
      finding.evidence.detail ?? "",
      /the secret's own policy was not read/,
      "the secret does not exist",
    );
    const asked = account.local.recorder.listCalls().filter(({ service }) => service === "secretsmanager");
    assert.deepEqual(
      [...new Set(asked.map(({ action, failure }) => `${action} ${failure?.code}`))],
      ["DescribeSecret ResourceNotFoundException"],
    );
    assert.deepEqual(finding.usedBy, ["job definition render:1 in us-east-1"]);
    const received = await until(
      "a message to people",
      async () => account.messages().filter((message) => message.includes(finding.id)),
      (messages) => messages.length > 0,
    );
    assert.match(received.join(), /put-role-policy/);
  });

  it("DeregisterJobDefinition removes the need, and the finding resolves", async () => {
    await batch.send(new DeregisterJobDefinitionCommand({ jobDefinition: "render:1" }));
    await until(
      "the finding to be resolved",
      async () => listNeedFindings(await account.findings()),
      ([finding]) => finding?.state === "resolved",
    );
    assert.deepEqual(await usesOf("ecsTaskExecutionRole"), []);
  });

  it("CreateComputeEnvironment puts an unconfigured role under watch without writing it", async () => {
    await account.iam.send(
      new CreateRoleCommand({
        RoleName: "OwnBatchRole",
        AssumeRolePolicyDocument: trustOf("ec2.amazonaws.com"),
      }),
    );
    await batch.send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName: "own",
        type: "UNMANAGED",
        serviceRole: arnOf("OwnBatchRole"),
      }),
    );
    const own = await until(
      "its findings",
      async () => (await account.findings()).filter(({ role }) => role.name === "OwnBatchRole"),
      (found) => found.length >= 3,
    );
    assert.deepEqual(
      own
        .map(
          ({ evidence }) => `${evidence.part} ${evidence.kind === "drift" ? evidence.side : evidence.kind}`,
        )
        .sort(),
      [`managed:${batchServicePolicy} missing`, "trust excess", "trust missing"],
    );
    const writes = account.local.recorder
      .listCalls()
      .filter(
        ({ parameters, caller }) =>
          parameters.roleName === "OwnBatchRole" && /drift-guard-local-rollback\//.test(caller.arn),
      )
      .filter(({ action }) => !/^(?:Get|List)/.test(action));
    assert.deepEqual(writes, []);
  });

  it("a policy detached from a role in use opens a critical finding with the environments and queues that break", async () => {
    const serviceRole = await arnOfRole(account, "AWSBatchServiceRole");
    await batch.send(
      new CreateComputeEnvironmentCommand({ computeEnvironmentName: "prod", type: "UNMANAGED", serviceRole }),
    );
    await batch.send(
      new CreateJobQueueCommand({
        jobQueueName: "high",
        priority: 1,
        state: "ENABLED",
        computeEnvironmentOrder: [{ order: 1, computeEnvironment: "prod" }],
      }),
    );
    await account.sweep();
    await account.iam.send(
      new DetachRolePolicyCommand({ RoleName: "AWSBatchServiceRole", PolicyArn: batchServicePolicy }),
    );
    const [finding] = await until(
      "the finding",
      async () =>
        (await account.findings()).filter(
          ({ role, evidence }) => role.name === "AWSBatchServiceRole" && evidence.kind === "drift",
        ),
      (found) => found.length > 0,
    );
    assert.equal(finding?.severity, "CRITICAL");
    assert.deepEqual(finding?.usedBy, [
      "compute environment prod in us-east-1 (ENABLED), with job queue high",
    ]);
  });

  it("AWS Batch's own event of a failed job leads to its role; that of a succeeded job does not", async () => {
    const events = new EventBridgeClient(clientSettings(account.local.emulators.ministack));
    const event = (jobName: string, statusReason: string) => ({
      Source: "aws.batch",
      DetailType: "Batch Job State Change",
      Detail: JSON.stringify({
        jobName,
        status: "FAILED",
        statusReason,
        container: {
          executionRoleArn: arnOf("OwnBatchRole"),
          reason:
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: AccessDeniedException",
        },
      }),
    });
    await events.send(
      new PutEventsCommand({
        Entries: [
          event("ran", "Essential container in task exited"),
          event("nightly", "Task failed to start"),
        ],
      }),
    );
    const suffering = await until(
      "a finding with the symptom",
      async () => (await account.findings()).filter(({ symptoms }) => symptoms !== undefined),
      (found) => found.length > 0,
    );
    const symptoms = suffering.flatMap((finding) => finding.symptoms ?? []).join();
    assert.match(symptoms, /job nightly FAILED: ResourceInitializationError/);
    assert.doesNotMatch(symptoms, /job ran/);
  });

  declareLinkedRoleDeletion(() => account);
});
