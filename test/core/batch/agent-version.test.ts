import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AgentFeature,
  compareAgentVersions,
  findOldestAgent,
  judgeAgent,
  listMissingFeatures,
  parseAgentVersion,
} from "@drift-guard/core/batch/agent-version";
import { parseComputeEnvironment } from "@drift-guard/core/batch/compute-environment";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import { evaluateUses } from "@drift-guard/core/evaluate/uses";
import { describeEvidence } from "@drift-guard/formats/evidence";
import fc from "fast-check";
import { account, anEnvironmentUse } from "../../builders.ts";

const number = fc.nat({ max: 999_999_999 });
const version = fc.tuple(number, number, number);

describe("the version of an ECS agent", () => {
  it("is too old for execution roles below 1.16.0, and new enough from there on (R37)", () => {
    for (const old of ["1.15.9", "1.9.0", "0.99.99", "1.0.0"]) assert.equal(judgeAgent(old), "too-old", old);
    for (const fit of ["1.16.0", "1.16.1", "1.86.3", "1.100.0", "2.0.0"]) {
      assert.equal(judgeAgent(fit), "enough", fit);
    }
  });

  it("is unknown in another form", () => {
    for (const odd of ["", "1.86", "1.86.3.1", "v1.86.3", "1.86.3-rc1", " 1.86.3", "1.86.3\n", "latest"]) {
      assert.equal(judgeAgent(odd), "unknown", JSON.stringify(odd));
    }
  });

  it("is compared number by number", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const [left, right] = [parseAgentVersion(a.join(".")), parseAgentVersion(b.join("."))];
        assert.ok(left && right);
        const at = a.findIndex((part, index) => part !== b[index]);
        const expected = at < 0 ? 0 : Math.sign((a[at] ?? 0) - (b[at] ?? 0));
        assert.equal(Math.sign(compareAgentVersions(left, right)), expected);
      }),
    );
  });
});

describe("what an agent is too old for (T14)", () => {
  const all = AgentFeature.options;
  // CHANGELOG of aws/amazon-ecs-agent: 1.19.0 registries, 1.22.0 SSM, 1.23.0 Secrets Manager, 1.27.0 log drivers; the ECS
  // guide: 1.37.0 JSON keys and versions.
  for (const [version, missing] of [
    ["1.18.0", 5],
    ["1.19.0", 4],
    ["1.22.0", 3],
    ["1.26.9", 2],
    ["1.27.0", 1],
    ["1.36.2", 1],
    ["1.37.0", 0],
    ["1.86.3", 0],
    ["odd", 0],
  ] as const) {
    it(`are ${missing} of the five features at ${version}`, () => {
      assert.equal(listMissingFeatures(version, all).length, missing);
    });
  }

  it("is listed only if it is used, with its first version", () => {
    assert.deepEqual(listMissingFeatures("1.20.0", ["registry", "log-secret"]), [
      "secrets in log configurations (1.27.0)",
    ]);
    assert.deepEqual(listMissingFeatures("1.20.0", []), []);
  });
});

describe("the oldest of several agents", () => {
  it("is undefined without instances", () => {
    assert.equal(findOldestAgent([]), undefined);
  });

  it("is one that is too old, else one that cannot be parsed, else the oldest", () => {
    assert.equal(findOldestAgent(["1.86.3", "odd", "1.10.0", "1.9.0"]), "1.9.0");
    assert.equal(findOldestAgent(["1.86.3", "odd", "1.20.0"]), "odd");
    assert.equal(findOldestAgent(["1.100.0", "1.86.3"]), "1.86.3");
  });

  it("does not depend on the order, and is judged no better than any of them", () => {
    const text = fc.oneof(
      version.map((parts) => parts.join(".")),
      fc.constantFrom("1.15.0", "1.16.0", "odd", ""),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (texts) => {
        const oldest = findOldestAgent(texts);
        assert.equal(findOldestAgent(texts.toReversed()), oldest);
        const verdicts = texts.map(judgeAgent);
        const worst = (["too-old", "unknown", "enough"] as const).find((one) => verdicts.includes(one));
        assert.equal(oldest === undefined ? undefined : judgeAgent(oldest), worst);
      }),
    );
  });
});

describe("an environment's agent", () => {
  const judge = (oldestAgent?: string) =>
    evaluateUses({
      reading: { status: "absent", account, name: "Nodes" },
      uses: [anEnvironmentUse({ duty: "instance", ...(oldestAgent !== undefined && { oldestAgent }) })],
      facts: new Map(),
    });

  it("is reported with environment, region, version and fix if it is too old", () => {
    const [note, ...others] = judge("1.15.2");
    assert.deepEqual(others, []);
    assert.ok(note?.kind === "note" && note.topic === "agent-too-old");
    assert.deepEqual(note.details, [
      "compute environment prod in us-east-1 (ENABLED), with job queue high has instances whose ECS agent is 1.15.2: tasks with an execution role (secrets, private registries) need 1.16.0 or later and cannot start there. Update the agent, or the AMI and then the instances.",
    ]);
    assert.equal(rateSeverity(note, { role: { account, name: "Nodes" } }), "MEDIUM");
    assert.equal(
      describeEvidence(note, "Nodes").title,
      "Instances run an ECS agent that is too old for execution roles",
    );
  });

  it("is reported if its version cannot be parsed", () => {
    const [note] = judge("odd");
    assert.ok(note?.kind === "note" && note.topic === "agent-too-old");
    assert.match(note.details[0] ?? "", /has the version "odd", which cannot be compared with 1\.16\.0/);
  });

  it("is no finding if it is new enough or unknown to AWS Batch", () => {
    assert.deepEqual([judge("1.16.0"), judge()], [[], []]);
  });
});

describe("an environment's cluster", () => {
  const ecsClusterArn = `arn:aws:ecs:us-east-1:${account}:cluster/AWSBatch-prod-1`;
  const clusterOf = (given: object) =>
    parseComputeEnvironment(
      { computeEnvironmentName: "prod", ...given },
      { account, partition: "aws", region: "us-east-1" },
    )?.cluster;

  it("is the cluster of its instances; Fargate has none", () => {
    assert.equal(clusterOf({ ecsClusterArn, computeResources: { type: "SPOT" } }), ecsClusterArn);
    assert.equal(clusterOf({ ecsClusterArn, type: "UNMANAGED" }), ecsClusterArn);
    assert.equal(clusterOf({ ecsClusterArn, computeResources: { type: "FARGATE_SPOT" } }), undefined);
    assert.equal(clusterOf({ ecsClusterArn: "", computeResources: { type: "EC2" } }), undefined);
  });
});
