import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSymptom } from "@drift-guard/core/intake/symptom";
import fc from "fast-check";
import { account, noon } from "../../builders.ts";

describe("reading a symptom", () => {
  it("leads from a job of another service to the service-linked role for such jobs", () => {
    const detail = {
      serviceJobId: "1",
      jobName: "train",
      status: "FAILED",
      statusReason: "AccessDenied: not authorized",
    };
    const read = readSymptom({
      "detail-type": "Batch Service Job State Change",
      time: noon,
      account,
      detail,
    });
    assert.ok("subjects" in read);
    assert.deepEqual(read.subjects, [{ kind: "role", name: "AWSServiceRoleForAWSBatchWithSagemaker" }]);
  });

  const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
  const denied =
    "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: not authorized to perform: secretsmanager:GetSecretValue";
  const task = (name: string, reason?: string) => ({
    executionRoleArn: roleArn(name),
    taskRoleArn: roleArn(`${name}Job`),
    containers: [{ name: "sidecar" }, { name: "main", ...(reason !== undefined && { reason }) }],
  });
  const jobDefinition = `arn:aws:batch:us-east-1:${account}:job-definition/render:3`;
  // The shapes of JobDetail, AttemptDetail and EksAttemptDetail in the AWS Batch API reference. The first is the event of
  // a job with several containers (aws-samples/aws-batch-runtime-monitoring#28): `container` is empty there.
  const shapes: readonly (readonly [what: string, detail: object, roles: readonly string[]])[] = [
    [
      "a job with several containers",
      {
        container: {},
        attempts: [
          {
            statusReason: "Task failed to start",
            taskProperties: [{ taskArn: "t", containers: [{ reason: denied }] }],
          },
        ],
        ecsProperties: { taskProperties: [task("E")] },
      },
      ["E", "EJob"],
    ],
    [
      "a task whose second container failed",
      { ecsProperties: { taskProperties: [task("E", denied)] } },
      ["E", "EJob"],
    ],
    [
      "a multi-node job",
      {
        statusReason: denied,
        nodeProperties: {
          mainNode: 0,
          numNodes: 2,
          nodeRangeProperties: [
            {
              targetNodes: "0:0",
              container: { executionRoleArn: roleArn("Main"), jobRoleArn: roleArn("Job") },
            },
            { targetNodes: "1:", ecsProperties: { taskProperties: [task("Worker")] } },
          ],
        },
      },
      ["Main", "Job", "Worker", "WorkerJob"],
    ],
    [
      "a pod",
      {
        eksProperties: {
          podProperties: { serviceAccountName: "pods", initContainers: [{ reason: denied }] },
        },
      },
      [],
    ],
    [
      "an attempt of a pod",
      { eksAttempts: [{ podName: "p", containers: [{ exitCode: 1 }, { reason: denied }] }] },
      [],
    ],
    [
      "a job role of another account",
      { container: { reason: denied, jobRoleArn: "arn:aws:iam::999988887777:role/Job" } },
      [],
    ],
  ];
  for (const [what, detail, roles] of shapes) {
    it(`finds the reason and the roles of ${what}`, () => {
      const read = readSymptom({
        "detail-type": "Batch Job State Change",
        time: noon,
        account,
        detail: {
          jobName: "nightly",
          status: "FAILED",
          statusReason: "Task failed to start",
          jobDefinition,
          ...detail,
        },
      });
      assert.ok("subjects" in read, JSON.stringify(read));
      assert.equal(read.reason, denied);
      assert.deepEqual(read.subjects, [
        ...roles.map((name) => ({ kind: "role", name })),
        { kind: "job-definition", name: "render" },
      ]);
    });
  }

  it("names each role once, however many tasks use it", () => {
    const taskProperties = Array.from({ length: 50 }, () => task("E", denied));
    const detail = { status: "FAILED", ecsProperties: { taskProperties } };
    const read = readSymptom({ "detail-type": "Batch Job State Change", time: noon, account, detail });
    assert.equal("subjects" in read && read.subjects.length, 2);
  });

  it("reads an event of any shape without throwing", () => {
    const anything = fc.object({
      key: fc.constantFrom(
        ...["status", "statusReason", "container", "attempts", "jobQueue", "reason", "ecsProperties"],
        ...[
          "taskProperties",
          "containers",
          "nodeProperties",
          "eksProperties",
          "podProperties",
          "eksAttempts",
        ],
      ),
    });
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (detail) => {
        readSymptom({ "detail-type": "Batch Job State Change", time: noon, detail });
        readSymptom({ "detail-type": "Batch Job Queue Blocked", time: noon, detail });
      }),
    );
  });
});
