import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { environmentsOf } from "@drift-guard/core/linked-role/status";
import { createRegionReader, scanRegions } from "@drift-guard/guard/linked-role/uses";
import { account, trustOf } from "../../builders.ts";
import { aWorld, type World } from "../world.ts";

const path = "/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch";
const arn = `arn:aws:iam::${account}:role${path}`;
const regions = ["eu-west-1", "us-east-1"];

async function addEnvironment(world: World, name: string, region: string, serviceRole?: string) {
  await world.actOnBatch(
    {
      call: "CreateComputeEnvironment",
      computeEnvironmentName: name,
      type: "MANAGED",
      computeResources: { type: "FARGATE" },
      ...(serviceRole !== undefined && { serviceRole }),
    },
    region,
  );
}

const scan = (world: World) => scanRegions(regions, createRegionReader(world.ports.batch, arn));

describe("The use of a service-linked role", () => {
  it("includes every compute environment of every region that names it, or names no role", async () => {
    const world = aWorld();
    await addEnvironment(world, "silent", "eu-west-1");
    await addEnvironment(world, "empty", "us-east-1", "");
    await addEnvironment(world, "named", "us-east-1", arn);
    await addEnvironment(world, "own", "us-east-1", "service-role/AWSBatchServiceRole");
    const scans = await scan(world);
    assert.deepEqual(
      environmentsOf(scans).map(({ region, name }) => `${region} ${name}`),
      ["eu-west-1 silent", "us-east-1 empty", "us-east-1 named"],
    );
  });

  it("includes the job queues of those environments, each with all its environments in order", async () => {
    const world = aWorld();
    await addEnvironment(world, "linked", "us-east-1");
    await addEnvironment(world, "own", "us-east-1", "service-role/AWSBatchServiceRole");
    const order = (...names: readonly string[]) =>
      names.map((computeEnvironment, index) => ({ order: names.length - index, computeEnvironment }));
    for (const [jobQueueName, names] of [
      ["mixed", ["linked", "own"]],
      ["apart", ["own"]],
    ] as const) {
      await world.actOnBatch({
        call: "CreateJobQueue",
        jobQueueName,
        priority: 1,
        computeEnvironmentOrder: order(...names),
      });
    }
    const [, virginia] = await scan(world);
    assert.ok(virginia?.status === "read");
    assert.deepEqual(virginia.queues, [
      { region: "us-east-1", name: "mixed", environments: ["own", "linked"] },
    ]);
  });

  it("is unknown in a region that cannot be read, while the other regions are read", async () => {
    const world = aWorld();
    await addEnvironment(world, "silent", "eu-west-1");
    world.batch.close("us-east-1");
    const [ireland, virginia] = await scan(world);
    assert.equal(ireland?.status === "read" && ireland.environments.length, 1);
    assert.match(virginia?.status === "unread" ? virginia.why : "", /us-east-1 could not be read/);
  });

  it("does not include environments that name a role of the same name at another path", async () => {
    const world = aWorld();
    const roleName = "AWSServiceRoleForBatch";
    world.act({ call: "DeleteServiceLinkedRole", roleName });
    await world.settle();
    world.act({
      call: "CreateRole",
      roleName,
      assumeRolePolicyDocument: trustOf("batch.amazonaws.com"),
    });
    await addEnvironment(world, "misled", "us-east-1", `arn:aws:iam::${account}:role/AWSServiceRoleForBatch`);
    assert.deepEqual(environmentsOf(await scan(world)), []);
  });
});
