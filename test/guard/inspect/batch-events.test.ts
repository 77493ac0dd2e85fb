import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { account, batchServicePolicy, trustOf } from "../../builders.ts";
import { aWorld } from "../world.ts";
import {
  aDefinition,
  anEnvironment,
  formatFindings,
  makeRole,
  observing,
  onlyFinding,
  roleArn,
  secret,
} from "./batch-world.ts";

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
    // Jobs of one definition that fail alike are looked into once in ten minutes.
    world.emit({ ...failed({ jobName: "another" }), id: "n-2" });
    await world.settle();
    world.clock.advance(600);
    world.emit({ ...failed({ jobName: "later" }), id: "n-3" });
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
