import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, defineConfig } from "@drift-guard/core/config/config";
import { AgentsUnreadableError } from "@drift-guard/core/errors";
import type { AgentReader } from "@drift-guard/core/ports";
import { account, trustOf } from "../builders.ts";
import { referenceOf } from "../core/watched-roles.ts";
import { aWorld, type World } from "./world.ts";

const config: Config = defineConfig({
  roles: { AWSBatchServiceRole: {} },
  regions: { batch: ["us-east-1"] },
});

/** The instances of ECS clusters, as the guard may see them. */
interface Clusters extends AgentReader {
  /** By the cluster's ARN, the oldest agent. */
  readonly agents: Map<string, string>;
  readonly asked: string[];
  /** What ECS answers instead. */
  trouble?: Error;
}

function someClusters(): Clusters {
  const clusters: Clusters = {
    agents: new Map(),
    asked: [],
    async oldestAgent(region, cluster) {
      clusters.asked.push(`${region} ${cluster}`);
      if (clusters.trouble) throw clusters.trouble;
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

async function sweepTwice(world: World) {
  const report = await world.sweep();
  await world.settle();
  return report;
}

const told = async (world: World) =>
  (await world.findings()).map(({ role, evidence, state }) => [
    role.name,
    evidence.kind === "note" ? evidence.topic : evidence.kind,
    state,
  ]);

describe("the ECS agents of a compute environment's instances", () => {
  it("that are too old are told at the instances' role, until a sweep sees newer ones", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    assert.deepEqual(await told(world), []);
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepTwice(world);
    assert.deepEqual(await told(world), [["Nodes", "agent-too-old", "open"]]);
    clusters.agents.set(clusterOf("prod"), "1.86.3");
    await sweepTwice(world);
    assert.deepEqual(await told(world), [["Nodes", "agent-too-old", "resolved"]]);
  });

  it("stay as last seen while nothing shows them: after an event, and without instances", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepTwice(world);
    const asked = clusters.asked.length;
    await world.actOnBatch({
      call: "UpdateComputeEnvironment",
      computeEnvironment: "prod",
      state: "DISABLED",
    });
    await world.settle();
    assert.equal(clusters.asked.length, asked, "events ask nothing of ECS");
    clusters.agents.clear();
    await sweepTwice(world);
    const [use] = await world.ports.usage.usesOf({ account, name: "Nodes" });
    assert.ok(use?.kind === "compute-environment");
    assert.deepEqual([use.state, use.oldestAgent], ["DISABLED", "1.14.0"]);
    assert.deepEqual(await told(world), [["Nodes", "agent-too-old", "open"]]);
  });

  it("are of no matter once the environment is gone", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepTwice(world);
    const gone = { computeEnvironment: "prod" } as const;
    await world.actOnBatch({ call: "UpdateComputeEnvironment", ...gone, state: "DISABLED" });
    await world.actOnBatch({ call: "DeleteComputeEnvironment", ...gone });
    await world.settle();
    assert.deepEqual(await told(world), [["Nodes", "agent-too-old", "resolved"]]);
  });

  it("are told at the service role where Batch manages no instances", async () => {
    const clusters = someClusters();
    const world = aWorld({ config, agents: clusters });
    await world.actOnBatch({
      call: "CreateComputeEnvironment",
      computeEnvironmentName: "own",
      type: "UNMANAGED",
      serviceRole: "service-role/AWSBatchServiceRole",
    });
    clusters.agents.set(clusterOf("own"), "1.9.0");
    await sweepTwice(world);
    assert.deepEqual(await told(world), [["AWSBatchServiceRole", "agent-too-old", "open"]]);
  });

  it("that cannot be read keep nothing else of the region from being read, and that is said", async () => {
    const clusters = someClusters();
    const world = await aWorldWithInstances(clusters);
    await makeEnvironment(world, "second");
    clusters.agents.set(clusterOf("prod"), "1.14.0");
    await sweepTwice(world);
    await makeEnvironment(world, "third");
    clusters.trouble = new AgentsUnreadableError("ECS gave no answer.");
    clusters.asked.length = 0;
    const { unread } = await sweepTwice(world);
    assert.deepEqual(unread, [{ region: "us-east-1", why: "ECS gave no answer." }]);
    assert.equal(clusters.asked.length, 1, "a region that does not answer is asked once");
    const uses = await world.ports.usage.usesOf({ account, name: "Nodes" });
    assert.deepEqual(
      uses.map((use) => use.kind === "compute-environment" && [use.name, use.oldestAgent]),
      [
        ["prod", "1.14.0"],
        ["second", undefined],
        ["third", undefined],
      ],
    );
    assert.deepEqual(await told(world), [["Nodes", "agent-too-old", "open"]]);
  });
});
