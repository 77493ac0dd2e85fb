import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { aWorld } from "../world.ts";
import {
  anEnvironment,
  attachmentsOf,
  formatFindings,
  makeRole,
  observing,
  onlyFinding,
  roleArn,
} from "./batch-world.ts";

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
    const details = (await world.findings()).flatMap(({ evidence }) =>
      evidence.kind === "note" ? evidence.details : [],
    );
    // The role is as it should be, so that restoring it would not help, and its name is taken in the account.
    assert.doesNotMatch(details.join(), /Restore the role|Create a role/);
    assert.match(
      details.join(),
      /Update the environment with the service role arn:aws:iam::123456789012:role\/service-role\/AWSBatchServiceRole/,
    );
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
