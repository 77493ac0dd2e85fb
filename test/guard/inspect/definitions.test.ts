import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedResources } from "@drift-guard/embedded/resources";
import { findNextCommand } from "@drift-guard/formats/remediation";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { account, allow, anAnnouncement, batchServicePolicy } from "../../builders.ts";
import { aWorld } from "../world.ts";
import {
  aDefinition,
  attachmentsOf,
  formatFindings,
  makeRole,
  observing,
  onlyFinding,
  roleArn,
  secret,
} from "./batch-world.ts";

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
      const command = findNextCommand(anAnnouncement(advised))?.command ?? "";
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
    const { status } = await handleRollbackMessage(
      { hint: opened.finding.role },
      world.ports,
      world.settings,
    );
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
