import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, defineConfig } from "@drift-guard/core/config/config";
import { AgentsUnreadableError } from "@drift-guard/core/errors";
import type { AgentReader } from "@drift-guard/core/ports";
import { account, trustOf } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { aWorld, type World } from "../world.ts";

const config: Config = defineConfig({
  roles: { AWSBatchServiceRole: {} },
  regions: { batch: ["us-east-1"] },
});

/** The ECS agents of some clusters, as a port of the guard. */
interface Clusters extends AgentReader {
  /** The oldest agent version, by the cluster's ARN. */
  readonly agents: Map<string, string>;
  /** The region and cluster of each request. */
  readonly asked: string[];
  /** Thrown in place of an answer. */
  failure?: Error;
}

function someClusters(): Clusters {
  const clusters: Clusters = {
    agents: new Map(),
    asked: [],
    async oldestAgent(region, cluster) {
      clusters.asked.push(`${region} ${cluster}`);
      if (clusters.failure) throw clusters.failure;
      return clusters.agents.get(cluster);
    },
  };
  return clusters;
}

const clusterOf = (environment: string) => `arn:aws:ecs:us-east-1:${account}:cluster/AWSBatch-${environment}`;

async function aWorldWithInstances(clusters: Clusters): Promise<World> {
  const world = aWorld({ config, agents: clusters });
  const roleName = "Nodes";
  world.act({ call: "CreateRole", roleName, assumeRolePolicyDocument: trustOf("ec2.amazonaws.com") });
  for (const { arn } of referenceOf("ecsInstanceRole").attachments) {
    world.act({ call: "AttachRolePolicy", roleName, policyArn: arn });
  }
  world.act({ call: "CreateInstanceProfile", instanceProfileName: "Nodes" });
  world.act({ call: "AddRoleToInstanceProfile", instanceProfileName: "Nodes", roleName });
  await makeEnvironment(world, "prod");
  await world.settle();
  return world;
}

const makeEnvironment = (world: World, computeEnvironmentName: string) =>
  world.actOnBatch({
    call: "CreateComputeEnvironment",
    computeEnvironmentName,
    type: "MANAGED",
    serviceRole: "service-role/AWSBatchServiceRole",
    computeResources: {
      type: "EC2",
      instanceRole: `arn:aws:iam::${account}:instance-profile/Nodes`,
    },
  });

async function sweepAndSettle(world: World) {
  const report = await world.sweep();
  await world.settle();
  return report;
}

const listFindings = async (world: World) =>
  (await world.findings()).map(({ role, evidence, state }) => [
    role.name,
    evidence.kind === "note" ? evidence.topic : evidence.kind,
    state,
  ]);

describe("The ECS agent version of a compute environment", () => {
  it("opens a finding on the instance role while it is too old, until a sweep sees a newer one", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    assert.deepEqual(await listFindings(world), []);
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepAndSettle(world);
    assert.deepEqual(await listFindings(world), [["Nodes", "agent-too-old", "open"]]);
    clusters.agents.set(clusterOf("prod"), "1.86.3");
    await sweepAndSettle(world);
    assert.deepEqual(await listFindings(world), [["Nodes", "agent-too-old", "resolved"]]);
  });

  it("opens a note where it is older than what a job definition uses, as information, until a newer one is seen (T14)", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    const token = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;
    await world.actOnBatch({
      call: "RegisterJobDefinition",
      jobDefinitionName: "render",
      type: "container",
      containerProperties: {
        executionRoleArn: "Execution",
        secrets: [{ name: "DB", valueFrom: `${token}:user::` }],
      },
    });
    world.act({
      call: "CreateRole",
      roleName: "Execution",
      assumeRolePolicyDocument: referenceOf("ecsTaskExecutionRole").trust,
    });
    clusters.agents.set(clusterOf("prod"), "1.27.0");
    await sweepAndSettle(world);
    const ofNodes = async () => (await listFindings(world)).filter(([name]) => name === "Nodes");
    assert.deepEqual(await ofNodes(), [["Nodes", "agent-lacks-features", "open"]]);
    const [finding] = (await world.findings()).filter(({ role }) => role.name === "Nodes");
    assert.equal(finding?.severity, "INFORMATIONAL");
    assert.ok(finding?.evidence.kind === "note");
    assert.match(
      finding.evidence.details.join(),
      /agent is 1\.27\.0, .*: JSON keys or versions of secrets \(1\.37\.0\)\./,
    );
    await world.actOnBatch({
      call: "UpdateComputeEnvironment",
      computeEnvironment: "prod",
      state: "DISABLED",
    });
    await world.settle();
    assert.deepEqual(
      await ofNodes(),
      [["Nodes", "agent-lacks-features", "open"]],
      "an event reads no agents",
    );
    clusters.agents.set(clusterOf("prod"), "1.37.0");
    await sweepAndSettle(world);
    assert.deepEqual(await ofNodes(), [["Nodes", "agent-lacks-features", "resolved"]]);
  });

  it("keeps its last known value while no instance shows one: after an event, and without instances", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepAndSettle(world);
    const asked = clusters.asked.length;
    await world.actOnBatch({
      call: "UpdateComputeEnvironment",
      computeEnvironment: "prod",
      state: "DISABLED",
    });
    await world.settle();
    assert.equal(clusters.asked.length, asked, "events send no request to ECS");
    clusters.agents.clear();
    await sweepAndSettle(world);
    const [use] = await world.ports.usage.usesOf({ account, name: "Nodes" });
    assert.ok(use?.kind === "compute-environment");
    assert.deepEqual([use.state, use.oldestAgent], ["DISABLED", "1.14.0"]);
    assert.deepEqual(await listFindings(world), [["Nodes", "agent-too-old", "open"]]);
  });

  it("no longer counts once the environment is deleted", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepAndSettle(world);
    const gone = { computeEnvironment: "prod" } as const;
    await world.actOnBatch({ call: "UpdateComputeEnvironment", ...gone, state: "DISABLED" });
    await world.actOnBatch({ call: "DeleteComputeEnvironment", ...gone });
    await world.settle();
    assert.deepEqual(await listFindings(world), [["Nodes", "agent-too-old", "resolved"]]);
  });

  it("opens its finding on the service role where the environment names no instance role", async () => {
    const clusters = someClusters();
    const world = aWorld({ config, agents: clusters });
    await world.actOnBatch({
      call: "CreateComputeEnvironment",
      computeEnvironmentName: "own",
      type: "UNMANAGED",
      serviceRole: "service-role/AWSBatchServiceRole",
    });
    clusters.agents.set(clusterOf("own"), "1.9.0");
    await sweepAndSettle(world);
    assert.deepEqual(await listFindings(world), [["AWSBatchServiceRole", "agent-too-old", "open"]]);
  });

  it("does not stop the rest of the region from being read where it is unreadable, and the failure is reported", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    await makeEnvironment(world, "second");
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepAndSettle(world);
    await makeEnvironment(world, "third");
    clusters.failure = new AgentsUnreadableError("ECS gave no answer.");
    clusters.asked.length = 0;
    const { unread } = await sweepAndSettle(world);
    assert.deepEqual(unread, [{ region: "us-east-1", why: "ECS gave no answer." }]);
    assert.equal(clusters.asked.length, 1, "a region that fails is asked once");
    const uses = await world.ports.usage.usesOf({ account, name: "Nodes" });
    assert.deepEqual(
      uses.map((use) => use.kind === "compute-environment" && [use.name, use.oldestAgent]),
      [
        ["prod", "1.14.0"],
        ["second", undefined],
        ["third", undefined],
      ],
    );
    assert.deepEqual(await listFindings(world), [["Nodes", "agent-too-old", "open"]]);
  });
});
