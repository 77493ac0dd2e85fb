import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { account, allow } from "../../builders.ts";
import { aWorld, mallory, type World, type WorldOptions } from "../world.ts";

const pipeline = `arn:aws:iam::${account}:role/pipeline`;
const asPipeline: ApiCaller = { kind: "session", role: pipeline, session: "run-7" };
const roleName = "ecsTaskExecutionRole";
const roles = { [roleName]: { rollback: { excess: "automatic", missing: "automatic" } } } as const;
const trusting = defineConfig({ roles, trustedActors: [pipeline] });

/** A world whose events are all lost, in which somebody has set an inline policy. */
function aSilentWorld(
  by: ApiCaller,
  policyDocument = allow("s3:GetObject"),
  options: WorldOptions = {},
): World {
  const world = aWorld({ config: trusting, disorder: () => [], looksUp: true, ...options });
  world.act({ call: "PutRolePolicy", roleName, policyName: "extra", policyDocument }, by);
  return world;
}

const isThere = async ({ ports }: World) => {
  const reading = await ports.roles.read(roleName);
  return reading.status === "present" && reading.role.inline.length > 0;
};
const executionPolicy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
const minutesOf = (world: World, since: Date) => (world.clock.now().getTime() - since.getTime()) / 60_000;

describe("A drift that no event told of, where the owner trusts somebody", () => {
  it("by a trusted actor is left until a person approves, as if its event had come", async () => {
    const world = aSilentWorld(asPipeline);
    await world.sweep();
    await world.settle();
    assert.ok(await isThere(world));
    assert.match(
      world.announced.find(({ kind }) => kind === "refused")?.note ?? "",
      /role\/pipeline, whom the configuration trusts/,
    );
  });

  it("by anybody else is rolled back as soon as CloudTrail shows them", async () => {
    const world = aSilentWorld(mallory);
    const since = world.clock.now();
    await world.sweep();
    assert.ok(await isThere(world));
    await world.settle(900);
    assert.ok(!(await isThere(world)));
    assert.ok(minutesOf(world, since) < 20);
  });

  it("is rolled back after half an hour where CloudTrail shows nobody, however often it is looked at", async () => {
    const world = aSilentWorld(mallory, allow("s3:GetObject"), { looksUp: false });
    const since = world.clock.now();
    for (let minutes = 0; minutes <= 30; minutes += 10) {
      if (minutes > 0) await world.settle(580);
      world.clock.advanceTo(new Date(since.getTime() + minutes * 60_000));
      await world.sweep();
      assert.ok(await isThere(world), `after ${minutes} minutes`);
    }
    await world.settle(600);
    assert.ok(minutesOf(world, since) < 40);
    assert.ok(!(await isThere(world)));
    const { unexplained } = await world.control.load({ account, name: roleName });
    assert.equal(unexplained, undefined);
  });

  it("is rolled back at once if it is excess of severity CRITICAL", async () => {
    const world = aSilentWorld(asPipeline, allow("*"));
    await world.sweep();
    await world.settle(120);
    assert.ok(!(await isThere(world)));
  });

  it("is rolled back at once where the owner trusts nobody", async () => {
    const world = aSilentWorld(mallory, allow("s3:GetObject"), { config: defineConfig({ roles }) });
    await world.sweep();
    await world.settle(60);
    assert.ok(!(await isThere(world)));
  });

  it("does not wait for an event's drift: its message names the author", async () => {
    const world = aWorld({ config: trusting });
    world.act({ call: "DetachRolePolicy", roleName, policyArn: executionPolicy });
    await world.settle(120);
    const { rollbacks } = await world.control.load({ account, name: roleName });
    assert.deepEqual(
      rollbacks.map(({ status }) => status),
      ["done"],
    );
  });
});
