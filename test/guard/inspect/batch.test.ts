import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Config } from "@drift-guard/core/config/config";
import { defineConfig } from "@drift-guard/core/config/config";
import type { Finding } from "@drift-guard/core/model/finding";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { createSimulatedResources } from "@drift-guard/embedded/resources";
import { listRemediationCommands } from "@drift-guard/formats/remediation";
import { rollBack } from "@drift-guard/guard/rollback/rollback";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { aWorld, type World } from "../world.ts";

const observing: Config = defineConfig({
  roles: { AWSBatchServiceRole: {}, ecsTaskExecutionRole: {} },
  regions: { batch: ["us-east-1", "eu-west-1"] },
});
const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;

const roleArn = (name: string, path = "/") => `arn:aws:iam::${account}:role${path}${name}`;

const anEnvironment = (over: Partial<Extract<BatchCall, { call: "CreateComputeEnvironment" }>> = {}) =>
  ({
    call: "CreateComputeEnvironment",
    computeEnvironmentName: "prod",
    type: "MANAGED",
    serviceRole: "service-role/AWSBatchServiceRole",
    ...over,
  }) as const;

const aDefinition = (containerProperties: object, name = "render") =>
  ({
    call: "RegisterJobDefinition",
    jobDefinitionName: name,
    type: "container",
    containerProperties: { image: "busybox", ...containerProperties },
  }) as const;

const formatFindings = (findings: readonly Finding[]) =>
  findings
    .map(({ role, evidence, state }) => {
      const what =
        evidence.kind === "drift" ? evidence.side : evidence.kind === "note" ? evidence.topic : evidence.kind;
      return `${role.name} ${evidence.part} ${what} ${state}`;
    })
    .sort();

async function onlyFinding(world: World): Promise<Finding> {
  const [finding, ...others] = await world.findings();
  assert.ok(finding, "there is no finding");
  assert.deepEqual(formatFindings(others), []);
  return finding;
}

function makeRole(world: World, roleName: string, service: string, policies: readonly string[] = []): void {
  const call: IamCall = { call: "CreateRole", roleName, assumeRolePolicyDocument: trustOf(service) };
  world.act(call);
  for (const policyArn of policies) world.act({ call: "AttachRolePolicy", roleName, policyArn });
}

const attachmentsOf = (name: string) => referenceOf(name).attachments.map(({ arn }) => arn);

describe("A compute environment", () => {
  it("opens no finding where its roles match their references, and its uses are recorded", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(anEnvironment());
    await world.settle();
    assert.deepEqual(await world.findings(), []);
    const [use] = await world.ports.usage.usesOf({ account, name: "awsbatchservicerole" });
    assert.deepEqual(use, {
      kind: "compute-environment",
      region: "us-east-1",
      name: "prod",
      duty: "service",
      state: "ENABLED",
      status: "VALID",
      statusReason: "ComputeEnvironment Healthy",
      queues: [],
      arn: roleArn("AWSBatchServiceRole", "/service-role/"),
    });
  });

  it("makes the loss of its service role's policy critical, and the finding names what breaks", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(anEnvironment());
    await world.actOnBatch({
      call: "CreateJobQueue",
      jobQueueName: "high",
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: "prod" }],
    });
    await world.sweep();
    world.act({ call: "DetachRolePolicy", roleName: "AWSBatchServiceRole", policyArn: batchServicePolicy });
    await world.settle();
    const finding = await onlyFinding(world);
    assert.equal(finding.severity, "CRITICAL");
    assert.deepEqual(finding.usedBy, [
      "compute environment prod in us-east-1 (ENABLED), with job queue high",
    ]);
  });

  it("raises the severity of that loss, which is HIGH where nothing uses the role", async () => {
    const world = aWorld({ config: observing });
    world.act({ call: "DetachRolePolicy", roleName: "AWSBatchServiceRole", policyArn: batchServicePolicy });
    await world.settle();
    const finding = await onlyFinding(world);
    assert.deepEqual([finding.severity, finding.usedBy], ["HIGH", []]);
  });

  it("puts the roles that it names under watch, also through an instance profile, and never writes them", async () => {
    const world = aWorld({ config: observing });
    makeRole(world, "Nodes", "ec2.amazonaws.com");
    world.act({ call: "CreateInstanceProfile", instanceProfileName: "NodeProfile" });
    world.act({ call: "AddRoleToInstanceProfile", instanceProfileName: "NodeProfile", roleName: "Nodes" });
    const instanceRole = `arn:aws:iam::${account}:instance-profile/NodeProfile`;
    await world.actOnBatch(anEnvironment({ computeResources: { type: "EC2", instanceRole } }));
    await world.settle();
    const [policy] = attachmentsOf("ecsInstanceRole");
    assert.deepEqual(formatFindings(await world.findings()), [`Nodes managed:${policy} missing open`]);
    assert.deepEqual(
      world.rollbacks.map(({ status }) => status),
      ["nothing-to-do"],
    );
    world.act({ call: "AttachRolePolicy", roleName: "Nodes", policyArn: policy ?? "" });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [`Nodes managed:${policy} missing resolved`]);
  });

  it("on EKS is observed for the trust and the escalation of its node role alone (2.7)", async () => {
    const world = aWorld({ config: observing });
    makeRole(world, "Nodes", "ec2.amazonaws.com");
    world.act({ call: "CreateInstanceProfile", instanceProfileName: "Nodes" });
    world.act({ call: "AddRoleToInstanceProfile", instanceProfileName: "Nodes", roleName: "Nodes" });
    const eksClusterArn = `arn:aws:eks:us-east-1:${account}:cluster/batch`;
    await world.actOnBatch(
      anEnvironment({
        eksConfiguration: { eksClusterArn, kubernetesNamespace: "batch" },
        computeResources: { type: "EC2", instanceRole: "Nodes" },
      }),
    );
    await world.settle();
    assert.deepEqual(await world.findings(), []);
    const put = { call: "PutRolePolicy", roleName: "Nodes" } as const;
    world.act({ ...put, policyName: "cni", policyDocument: allow("ec2:CreateNetworkInterface") });
    world.act({ ...put, policyName: "wide", policyDocument: allow("iam:AttachRolePolicy") });
    await world.settle();
    const finding = await onlyFinding(world);
    assert.deepEqual(
      [finding.severity, formatFindings([finding])],
      ["CRITICAL", ["Nodes inline:wide excess open"]],
    );
  });

  it("of managed instances uses an infrastructure role and an instance profile, named on creation or by an update (2.6)", async () => {
    const world = aWorld({ config: observing });
    makeRole(world, "Infrastructure", "ecs.amazonaws.com");
    makeRole(world, "ecsInstanceRole", "ec2.amazonaws.com");
    makeRole(world, "ecsInstanceRoleNext", "ec2.amazonaws.com");
    for (const name of ["ecsInstanceRole", "ecsInstanceRoleNext"]) {
      world.act({ call: "CreateInstanceProfile", instanceProfileName: name });
      world.act({ call: "AddRoleToInstanceProfile", instanceProfileName: name, roleName: name });
    }
    const resources = (profile: string) => ({
      type: "ECS_MANAGED_INSTANCES" as const,
      managedInstancesProvider: {
        infrastructureRoleArn: roleArn("Infrastructure"),
        instanceLaunchTemplate: {
          ec2InstanceProfileArn: `arn:aws:iam::${account}:instance-profile/${profile}`,
        },
      },
    });
    const [infrastructure] = attachmentsOf("ecsInfrastructureRole");
    const [instance] = attachmentsOf("ecsManagedInstanceRole");
    await world.actOnBatch(anEnvironment({ computeResources: resources("ecsInstanceRole") }));
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      `Infrastructure managed:${infrastructure} missing open`,
      `ecsInstanceRole managed:${instance} missing open`,
    ]);
    await world.actOnBatch({
      call: "UpdateComputeEnvironment",
      computeEnvironment: "prod",
      computeResources: resources("ecsInstanceRoleNext"),
    });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      `Infrastructure managed:${infrastructure} missing open`,
      `ecsInstanceRole managed:${instance} missing resolved`,
      `ecsInstanceRoleNext managed:${instance} missing open`,
    ]);
  });

  it("is read in its own region", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(anEnvironment(), "eu-west-1");
    await world.settle();
    const uses = await world.ports.usage.usesOf({ account, name: "AWSBatchServiceRole" });
    assert.deepEqual(
      uses.map(({ region }) => region),
      ["eu-west-1"],
    );
  });

  it("needs the service-linked role where it names no service role, and AWS Batch creates that role", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(anEnvironment({ serviceRole: "" }));
    await world.settle();
    assert.deepEqual(await world.findings(), []);
    const uses = await world.ports.usage.usesOf({ account, name: "AWSServiceRoleForBatch" });
    assert.equal(uses.length, 1);
  });

  it("is INVALID while it names a deleted role, and the finding says so with the fix", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(anEnvironment());
    await world.settle();
    world.act({ call: "DetachRolePolicy", roleName: "AWSBatchServiceRole", policyArn: batchServicePolicy });
    world.act({ call: "DeleteRole", roleName: "AWSBatchServiceRole" });
    await world.settle();
    await world.sweep();
    const open = (await world.findings()).filter(({ state }) => state === "open");
    assert.deepEqual(formatFindings(open), [
      "AWSBatchServiceRole role invalid-environment open",
      "AWSBatchServiceRole role missing open",
    ]);
    const note = open.map(({ evidence }) => evidence).find(({ kind }) => kind === "note");
    assert.ok(note?.kind === "note");
    assert.match(
      note.details.join(),
      /sts:AssumeRole on resource: .*Create the role again with the same name/s,
    );
  });

  it("is reported at once where the trust of its role requires the ARN of another environment (2.10)", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(anEnvironment());
    await world.actOnBatch(anEnvironment({ computeEnvironmentName: "test" }));
    await world.settle();
    const arn = (name: string) => `arn:aws:batch:us-east-1:${account}:${name}`;
    const requiring = (...names: readonly string[]) => {
      const { Version, Statement } = JSON.parse(trustOf("batch.amazonaws.com"));
      const Condition = {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: { "aws:SourceArn": names.map(arn) },
      };
      return JSON.stringify({ Version, Statement: [{ ...Statement[0], Condition }] });
    };
    const update = (policyDocument: string) =>
      world.act({ call: "UpdateAssumeRolePolicy", roleName: "AWSBatchServiceRole", policyDocument });
    update(requiring("compute-environment/*", "job/*"));
    await world.settle();
    assert.deepEqual(await world.findings(), []);
    update(requiring("compute-environment/prod", "job/*"));
    await world.settle();
    const { evidence } = await onlyFinding(world);
    assert.ok(evidence.kind === "note" && evidence.topic === "environment-shut-out");
    assert.match(
      evidence.details.join(),
      /Add arn:aws:batch:us-east-1:123456789012:compute-environment\/test to/,
    );
  });

  it("opens a finding where it names the role at another path, also by the event alone", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(anEnvironment({ serviceRole: "AWSBatchServiceRole" }));
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "AWSBatchServiceRole role invalid-environment open",
      "AWSBatchServiceRole role other-path open",
    ]);
    // The role is as it should be, so that restoring it would not help.
    for (const { evidence } of await world.findings())
      if (evidence.kind === "note") assert.doesNotMatch(evidence.details.join(), /Restore the role/);
  });

  it("opens a finding on the role named like its instance profile where the profile does not exist", async () => {
    const world = aWorld({ config: observing });
    const computeResources = { type: "EC2", instanceRole: "ecsInstanceRole" } as const;
    await world.actOnBatch(anEnvironment({ computeResources }));
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), ["ecsInstanceRole role profile-empty open"]);
  });

  it("releases its roles when it is deleted, and resolves their findings", async () => {
    const world = aWorld({ config: observing });
    makeRole(world, "Custom", "ec2.amazonaws.com", [batchServicePolicy]);
    await world.actOnBatch(anEnvironment({ serviceRole: roleArn("Custom") }));
    await world.settle();
    assert.ok((await world.findings()).some(({ state }) => state === "open"));
    world.act({
      call: "UpdateAssumeRolePolicy",
      roleName: "Custom",
      policyDocument: trustOf("batch.amazonaws.com"),
    });
    await world.actOnBatch({
      call: "UpdateComputeEnvironment",
      computeEnvironment: "prod",
      state: "DISABLED",
    });
    await world.actOnBatch({ call: "DeleteComputeEnvironment", computeEnvironment: "prod" });
    await world.settle();
    assert.deepEqual(
      (await world.findings()).filter(({ state }) => state !== "resolved"),
      [],
    );
    assert.deepEqual(await world.ports.usage.usesOf({ account, name: "Custom" }), []);
  });

  it("ends in the same state for every order and repetition of its events", async () => {
    const disorders = [
      (bodies: readonly string[]) => bodies.toReversed(),
      (bodies: readonly string[]) => [...bodies, ...bodies],
    ];
    for (const disorder of disorders) {
      const world = aWorld({ config: observing, disorder });
      await world.actOnBatch(anEnvironment());
      await world.actOnBatch({
        call: "UpdateComputeEnvironment",
        computeEnvironment: "prod",
        state: "DISABLED",
      });
      await world.settle();
      const [use] = await world.ports.usage.usesOf({ account, name: "AWSBatchServiceRole" });
      assert.ok(use?.kind === "compute-environment");
      assert.equal(use.state, "DISABLED");
      assert.deepEqual(await world.findings(), []);
    }
  });
});

describe("A job definition", () => {
  // The error that people report is "ECS was unable to assume the role 'arn:…' that was provided for this task"
  // (boto/boto3#1878 prints role/null, telia-oss/terraform-aws-ecs-fargate#58 a role without its path).
  for (const [what, containerProperties] of [
    ["a path that it does not have", { executionRoleArn: roleArn("ecsTaskExecutionRole") }],
    ["another path", { executionRoleArn: roleArn("ecsTaskExecutionRole", "/batch/") }],
    [
      "another account",
      { executionRoleArn: "arn:aws:iam::999988887777:role/service-role/ecsTaskExecutionRole" },
    ],
    [
      "another partition",
      { executionRoleArn: roleArn("ecsTaskExecutionRole", "/service-role/").replace("aws", "aws-cn") },
    ],
  ] as const) {
    it(`opens a finding on its execution role where it names ${what} (T13)`, async () => {
      const world = aWorld({ config: observing });
      await world.actOnBatch(aDefinition(containerProperties));
      await world.settle();
      const { role, evidence, severity } = await onlyFinding(world);
      assert.equal(severity, "HIGH");
      assert.ok(evidence.kind === "note" && evidence.topic === "other-path");
      assert.equal(role.name, "ecsTaskExecutionRole");
      const [detail = ""] = evidence.details;
      assert.ok(detail.includes(`names ${containerProperties.executionRoleArn}, `), detail);
      assert.match(
        detail,
        /Register a revision that names arn:aws:iam::123456789012:role\/service-role\/ecsTaskExecutionRole\.$/,
      );
    });
  }

  it("opens no finding where it names its roles by their own ARNs, or without one", async () => {
    const world = aWorld({ config: observing });
    makeRole(world, "Jobs", "ecs-tasks.amazonaws.com");
    for (const [index, executionRoleArn] of [
      roleArn("ecsTaskExecutionRole", "/service-role/"),
      "ecsTaskExecutionRole",
    ].entries()) {
      await world.actOnBatch(aDefinition({ executionRoleArn, jobRoleArn: roleArn("Jobs") }, `own-${index}`));
    }
    await world.settle();
    assert.deepEqual(await world.findings(), []);
  });

  it("opens a finding on a job role of another account, and judges this account's role of that name by nothing", async () => {
    const world = aWorld({ config: observing });
    makeRole(world, "Admin", "ec2.amazonaws.com", [batchServicePolicy]);
    world.act({ call: "PutRolePolicy", roleName: "Admin", policyName: "all", policyDocument: allow("*") });
    for (const name of ["Admin", "Absent"]) {
      const jobRoleArn = `arn:aws:iam::999988887777:role/${name}`;
      await world.actOnBatch(aDefinition({ jobRoleArn }, name));
    }
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "Absent role other-path open",
      "Admin role other-path open",
    ]);
  });

  const needy = aDefinition({
    executionRoleArn: roleArn("ecsTaskExecutionRole", "/service-role/"),
    secrets: [{ name: "DB", valueFrom: secret }],
  });

  it("opens a finding with the smallest policy that fixes it where its execution role may not read its secret", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(needy);
    await world.settle();
    const { evidence, role, severity } = await onlyFinding(world);
    assert.ok(evidence.kind === "drift");
    assert.deepEqual(
      [role.name, String(evidence.part), evidence.side, severity],
      ["ecsTaskExecutionRole", "permissions", "missing", "CRITICAL"],
    );
    assert.match(
      evidence.detail ?? "",
      /job definition render:1 in us-east-1 needs secretsmanager:GetSecretValue/,
    );
    assert.deepEqual(JSON.parse(evidence.cure ?? ""), {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [secret] }],
    });
    world.act({
      call: "PutRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyName: "JobDefinitionNeeds",
      policyDocument: evidence.cure ?? "",
    });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "ecsTaskExecutionRole permissions missing resolved",
    ]);
  });

  // GovWifi/govwifi-terraform#448: secrets are added to one execution role, one after the other.
  it("leaves no finding after the fixes of two job definitions were followed, one after the other", async () => {
    const world = aWorld({ config: observing });
    const follow = async () => {
      const advised = world.announced.findLast(
        ({ finding: { evidence } }) => evidence.kind === "drift" && evidence.fix?.kind === "steps",
      );
      assert.ok(advised);
      const command = listRemediationCommands(advised).at(-1)?.command ?? "";
      const [, policyDocument = ""] = /--policy-document '(.*)'$/.exec(command) ?? [];
      const [, policyName = ""] = /put-role-policy .*--policy-name (\S+)/.exec(command) ?? [];
      world.act({ call: "PutRolePolicy", roleName: "ecsTaskExecutionRole", policyName, policyDocument });
      await world.settle();
    };
    const executionRoleArn = roleArn("ecsTaskExecutionRole", "/service-role/");
    for (const name of ["one", "two"]) {
      const valueFrom = secret.replace("AbCdEf", `${name}-AbCdEf`);
      const definition = aDefinition({ executionRoleArn, secrets: [{ name: "S", valueFrom }] });
      await world.actOnBatch({ ...definition, jobDefinitionName: name });
      await world.settle();
      await follow();
    }
    assert.deepEqual(formatFindings(await world.findings()), [
      "ecsTaskExecutionRole permissions missing resolved",
    ]);
  });

  it("accepts a grant by the secret's own policy, and needs the key of an encrypted secret", async () => {
    const execution = roleArn("ecsTaskExecutionRole", "/service-role/");
    const key = `arn:aws:kms:us-east-1:${account}:key/1`;
    const statement = {
      Effect: "Allow",
      Principal: { AWS: execution },
      Action: "secretsmanager:GetSecretValue",
    };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Resource: "*" }] });
    const resources = createSimulatedResources();
    resources.set(secret, { policy, key: null });
    const world = aWorld({ config: observing, resources: resources.reader });
    await world.actOnBatch(needy);
    await world.settle();
    assert.deepEqual(await world.findings(), []);

    resources.set(secret, { policy, key });
    await world.sweep();
    const { evidence } = await onlyFinding(world);
    assert.ok(evidence.kind === "drift");
    assert.deepEqual(
      evidence.grants.map(({ actions, resources: on }) => [actions, on]),
      [[["kms:Decrypt"], [key]]],
    );
    const roleName = "ecsTaskExecutionRole";
    const policyDocument = evidence.cure ?? "";
    world.act({ call: "PutRolePolicy", roleName, policyName: "JobDefinitionNeeds", policyDocument });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "ecsTaskExecutionRole permissions missing resolved",
    ]);
  });

  it("opens a note with the complete ARN where it names a secret by a partial ARN that ends like a complete one", async () => {
    const resources = createSimulatedResources();
    const complete = `arn:aws:secretsmanager:us-east-1:${account}:secret:prod/db-config-AbCdEf`;
    resources.set(complete, { policy: null, key: null });
    const world = aWorld({ config: observing, resources: resources.reader });
    world.act({
      call: "PutRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyName: "Secrets",
      policyDocument: allow("secretsmanager:GetSecretValue", complete.replace("AbCdEf", "??????")),
    });
    const executionRoleArn = roleArn("ecsTaskExecutionRole", "/service-role/");
    const valueFrom = complete.replace("-AbCdEf", "");
    await world.actOnBatch(aDefinition({ executionRoleArn, secrets: [{ name: "DB", valueFrom }] }));
    await world.settle();
    const { evidence } = await onlyFinding(world);
    assert.ok(evidence.kind === "note" && evidence.topic === "secret-name");
    assert.match(
      evidence.details.join(),
      /Register a revision that names .*:secret:prod\/db-config-AbCdEf\.$/,
    );
    await world.actOnBatch({ call: "DeregisterJobDefinition", jobDefinition: "render:1" });
    await world.actOnBatch(
      aDefinition({ executionRoleArn, secrets: [{ name: "DB", valueFrom: `${complete}:user::` }] }),
    );
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "ecsTaskExecutionRole role secret-name resolved",
    ]);
  });

  it("does not make a rollback wait for a key that it cannot read", async () => {
    const resources = createSimulatedResources();
    resources.set(secret, { policy: null, key: `arn:aws:kms:us-east-1:${account}:key/1` });
    const world = aWorld({ config: observing, resources: resources.reader });
    const [roleName, policyName] = ["ecsTaskExecutionRole", "Secrets"];
    const policyDocument = allow("secretsmanager:GetSecretValue", secret);
    world.act({ call: "PutRolePolicy", roleName, policyName, policyDocument });
    await world.actOnBatch(needy);
    await world.settle();
    const opened = world.announced.find(({ finding }) => finding.evidence.part.kind === "permissions");
    assert.ok(opened, "kms:Decrypt on the key is missing");
    const { status } = await rollBack(opened, world.ports, world.settings);
    assert.equal(status, "nothing-to-do");
  });

  it("is rechecked once for each role that it names", async () => {
    const world = aWorld({ config: observing });
    const roles = ["One", "Two", "Three"];
    for (const name of roles) makeRole(world, name, "ec2.amazonaws.com");
    await world.settle();
    await world.actOnBatch({
      call: "RegisterJobDefinition",
      jobDefinitionName: "many",
      type: "container",
      ecsProperties: {
        taskProperties: roles.map((name) => ({ executionRoleArn: roleArn(name), containers: [] })),
      },
    });
    // Each keeps its drift, and no recheck is left.
    await world.settle();
    assert.equal(new Set((await world.findings()).map(({ role }) => role.name)).size, 3);
    assert.equal(world.announced.filter(({ kind }) => kind !== "opened").length, 0);
  });

  it("leaves unused grants that are reported when it is deregistered", async () => {
    const world = aWorld({ config: observing });
    world.act({
      call: "PutRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyName: "Secrets",
      policyDocument: allow("secretsmanager:GetSecretValue", secret),
    });
    await world.actOnBatch(needy);
    await world.actOnBatch(
      aDefinition({ executionRoleArn: roleArn("ecsTaskExecutionRole", "/service-role/") }, "plain"),
    );
    await world.settle();
    assert.deepEqual(await world.findings(), []);
    await world.actOnBatch({ call: "DeregisterJobDefinition", jobDefinition: "render:1" });
    await world.settle();
    const finding = await onlyFinding(world);
    assert.equal(finding.severity, "INFORMATIONAL");
    assert.deepEqual(formatFindings([finding]), ["ecsTaskExecutionRole permissions unused-grants open"]);
  });

  it("puts its job role under watch for trust and privilege escalation only", async () => {
    const world = aWorld({ config: observing });
    makeRole(world, "Worker", "ecs-tasks.amazonaws.com");
    world.act({
      call: "PutRolePolicy",
      roleName: "Worker",
      policyName: "Data",
      policyDocument: allow("s3:GetObject"),
    });
    await world.actOnBatch(aDefinition({ jobRoleArn: roleArn("Worker") }));
    await world.settle();
    assert.deepEqual(await world.findings(), []);
    const open = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
      ],
    });
    world.act({ call: "UpdateAssumeRolePolicy", roleName: "Worker", policyDocument: open });
    world.act({
      call: "PutRolePolicy",
      roleName: "Worker",
      policyName: "More",
      policyDocument: allow([
        "iam:PassRole",
        "batch:RegisterJobDefinition",
        "batch:SubmitJob",
        "s3:PutObject",
      ]),
    });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "Worker inline:More excess open",
      "Worker trust excess open",
    ]);
    assert.ok((await world.findings()).every(({ severity }) => severity === "CRITICAL"));
  });

  it("opens a finding where its job role is its execution role", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch(aDefinition({ jobRoleArn: roleArn("ecsTaskExecutionRole", "/service-role/") }));
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "ecsTaskExecutionRole role execution-role-as-job-role open",
    ]);
  });

  it("opens a finding where it runs on Fargate without an execution role, even if a role of the usual name exists", async () => {
    const world = aWorld({ config: observing });
    await world.actOnBatch({ ...aDefinition({}), platformCapabilities: ["FARGATE"] });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [
      "ecsTaskExecutionRole role role-not-named open",
    ]);
  });

  it("puts every role under watch that a multi-node definition names", async () => {
    const world = aWorld({ config: observing });
    const names = ["ContainerRole", "TaskRole"];
    for (const name of names) makeRole(world, name, "ecs-tasks.amazonaws.com");
    await world.actOnBatch({
      call: "RegisterJobDefinition",
      jobDefinitionName: "nodes",
      type: "multinode",
      nodeProperties: {
        nodeRangeProperties: [
          { targetNodes: "0:0", container: { executionRoleArn: roleArn("ContainerRole") } },
          {
            targetNodes: "1:",
            ecsProperties: { taskProperties: [{ executionRoleArn: roleArn("TaskRole"), containers: [] }] },
          },
        ],
      },
    });
    await world.settle();
    const [policy] = attachmentsOf("ecsTaskExecutionRole");
    assert.deepEqual(
      formatFindings(await world.findings()),
      names.map((name) => `${name} managed:${policy} missing open`),
    );
  });
});

describe("The sweep of AWS Batch", () => {
  const key = `arn:aws:kms:us-east-1:${account}:key/2`;
  const unusedKey = "ecsTaskExecutionRole permissions unused-keys";
  const aWorldWithKey = async () => {
    const resources = createSimulatedResources();
    resources.set(secret, { policy: null, key: null });
    const world = aWorld({ config: observing, resources: resources.reader });
    const policyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secret },
        { Effect: "Allow", Action: "kms:Decrypt", Resource: key },
      ],
    });
    world.act({
      call: "PutRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyName: "Secrets",
      policyDocument,
    });
    const executionRoleArn = roleArn("ecsTaskExecutionRole", "/service-role/");
    const secrets = [{ name: "DB", valueFrom: secret }];
    await world.actOnBatch(aDefinition({ executionRoleArn, secrets }));
    await world.settle();
    return { world, resources, executionRoleArn };
  };

  it("reports a key that no definition uses, in no other inspection, until a definition uses it (T12)", async () => {
    const { world, resources, executionRoleArn } = await aWorldWithKey();
    assert.deepEqual(await world.findings(), [], "another Region may use the key");
    await world.sweep();
    assert.deepEqual(formatFindings(await world.findings()), [`${unusedKey} open`]);
    assert.equal((await onlyFinding(world)).severity, "INFORMATIONAL");
    world.act({ call: "TagRole", roleName: "ecsTaskExecutionRole", tags: [{ key: "team", value: "a" }] });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [`${unusedKey} open`]);
    const other = secret.replace("db-", "api-");
    resources.set(other, { policy: null, key });
    const secrets = [{ name: "API", valueFrom: other }];
    await world.actOnBatch(aDefinition({ executionRoleArn, secrets }, "other"));
    await world.settle();
    assert.ok(formatFindings(await world.findings()).includes(`${unusedKey} resolved`));
  });

  it("reports no unused key if a Region could not be read", async () => {
    const { world } = await aWorldWithKey();
    world.batch.close("eu-west-1");
    await world.sweep();
    assert.deepEqual(await world.findings(), []);
  });

  it("finds roles that no event reported, in every readable region", async () => {
    const world = aWorld({ config: observing, disorder: () => [] });
    makeRole(world, "Custom", "ec2.amazonaws.com", [batchServicePolicy]);
    await world.actOnBatch(anEnvironment({ serviceRole: roleArn("Custom") }), "eu-west-1");
    const report = await world.sweep();
    assert.deepEqual(report.unread, []);
    assert.ok(formatFindings(await world.findings()).includes("Custom trust missing open"));
  });

  it("releases roles that are no longer used, and keeps the recorded uses of an unreadable region", async () => {
    const world = aWorld({ config: observing, disorder: () => [] });
    await world.actOnBatch(anEnvironment({ computeEnvironmentName: "here" }));
    await world.actOnBatch(anEnvironment({ computeEnvironmentName: "there" }), "eu-west-1");
    await world.sweep();
    for (const region of ["us-east-1", "eu-west-1"]) {
      const computeEnvironment = region === "us-east-1" ? "here" : "there";
      await world.actOnBatch(
        { call: "UpdateComputeEnvironment", computeEnvironment, state: "DISABLED" },
        region,
      );
      await world.actOnBatch({ call: "DeleteComputeEnvironment", computeEnvironment }, region);
    }
    world.batch.close("eu-west-1");
    const report = await world.sweep();
    assert.deepEqual(
      report.unread.map(({ region }) => region),
      ["eu-west-1"],
    );
    const uses = await world.ports.usage.usesOf({ account, name: "AWSBatchServiceRole" });
    assert.deepEqual(
      uses.map(({ name }) => name),
      ["there"],
    );
  });
});

describe("An event of AWS Batch itself", () => {
  const failed = (over: object = {}, container: object = {}) => ({
    version: "0",
    id: "n-1",
    source: "aws.batch",
    "detail-type": "Batch Job State Change",
    account,
    time: "2026-11-22T12:00:00Z",
    region: "us-east-1",
    resources: [],
    detail: {
      jobName: "nightly",
      status: "FAILED",
      statusReason: "Task failed to start",
      jobDefinition: `arn:aws:batch:us-east-1:${account}:job-definition/render:1`,
      container: {
        executionRoleArn: roleArn("ecsTaskExecutionRole", "/service-role/"),
        reason:
          "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: AccessDeniedException",
        ...container,
      },
      ...over,
    },
  });

  it("leads from a job that cannot read its secrets to the finding that explains it", async () => {
    const world = aWorld({
      config: observing,
      disorder: (bodies) => bodies.filter((body) => body.includes("State Change")),
    });
    await world.actOnBatch(
      aDefinition({
        executionRoleArn: roleArn("ecsTaskExecutionRole", "/service-role/"),
        secrets: [{ name: "DB", valueFrom: secret }],
      }),
    );
    world.emit(failed());
    await world.settle();
    const finding = await onlyFinding(world);
    assert.deepEqual(formatFindings([finding]), ["ecsTaskExecutionRole permissions missing open"]);
    assert.match(finding.symptoms?.join() ?? "", /job nightly FAILED: ResourceInitializationError/);
    assert.equal(world.announced[0]?.cause.kind, "symptom");
  });

  it("adds one transition to a finding that is already open, and no more for repeated events", async () => {
    const world = aWorld({ config: observing });
    world.act({
      call: "UpdateAssumeRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyDocument: trustOf("ec2.amazonaws.com"),
    });
    await world.settle();
    const before = world.announced.length;
    world.emit(failed());
    world.emit({ ...failed({ jobName: "later" }), id: "n-2" });
    await world.settle();
    const added = world.announced.slice(before);
    assert.deepEqual(
      added.map(({ kind, finding: { evidence } }) => `${kind} ${evidence.part}`),
      ["worsened trust"],
    );
    const trust = (await world.findings()).find(({ symptoms }) => symptoms !== undefined);
    assert.equal(trust?.symptoms?.length, 2);
  });

  it("leads from a job with several containers to its execution role", async () => {
    const world = aWorld({
      config: observing,
      disorder: (bodies) => bodies.filter((body) => body.includes("State Change")),
    });
    const task = {
      executionRoleArn: roleArn("ecsTaskExecutionRole", "/service-role/"),
      containers: [{ image: "busybox", secrets: [{ name: "DB", valueFrom: secret }] }],
    };
    await world.actOnBatch({
      call: "RegisterJobDefinition",
      jobDefinitionName: "render",
      type: "container",
      ecsProperties: { taskProperties: [task] },
    });
    const reason =
      "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException";
    const { detail, ...envelope } = failed();
    const { container: _, ...job } = detail;
    const ecsProperties = { taskProperties: [{ ...task, containers: [{ reason }] }] };
    world.emit({ ...envelope, detail: { ...job, container: {}, ecsProperties } });
    await world.settle();
    const finding = await onlyFinding(world);
    assert.deepEqual(formatFindings([finding]), ["ecsTaskExecutionRole permissions missing open"]);
    assert.match(finding.symptoms?.join() ?? "", /job nightly FAILED: ResourceInitializationError/);
  });

  it("leads from a blocked queue to the roles of its environments", async () => {
    const world = aWorld({
      config: observing,
      disorder: (bodies) => bodies.filter((body) => body.includes("Queue Blocked")),
    });
    makeRole(world, "Custom", "ec2.amazonaws.com", [batchServicePolicy]);
    await world.actOnBatch(anEnvironment({ serviceRole: roleArn("Custom") }));
    await world.actOnBatch({
      call: "CreateJobQueue",
      jobQueueName: "high",
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: "prod" }],
    });
    world.emit({
      ...failed({
        status: "RUNNABLE",
        statusReason: "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - not authorized",
        jobQueue: `arn:aws:batch:us-east-1:${account}:job-queue/high`,
      }),
      "detail-type": "Batch Job Queue Blocked",
    });
    await world.settle();
    const missing = (await world.findings()).find(
      ({ evidence }) =>
        evidence.part.kind === "trust" && evidence.kind === "drift" && evidence.side === "missing",
    );
    assert.match(missing?.symptoms?.join() ?? "", /job queue high blocked by job nightly/);
  });

  it("opens a note where the roles match their references", async () => {
    const world = aWorld({ config: observing });
    world.emit(failed());
    await world.settle();
    assert.deepEqual(
      world.announced.map(
        ({ kind, finding: { evidence } }) => `${kind} ${evidence.kind === "note" ? evidence.topic : ""}`,
      ),
      ["opened unexplained-symptom", "resolved unexplained-symptom"],
    );
  });

  it("is ignored where its reason names no role trouble, the job did not fail, or the account is another", async () => {
    const world = aWorld({ config: observing });
    world.emit(
      failed({ statusReason: "Essential container in task exited" }, { reason: "OutOfMemoryError" }),
    );
    world.emit(failed({ status: "RUNNING" }));
    world.emit({ ...failed(), account: "999988887777" });
    await world.settle();
    assert.deepEqual(world.announced, []);
  });
});
