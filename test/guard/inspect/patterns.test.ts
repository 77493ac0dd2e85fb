import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { RoleReader } from "@drift-guard/core/ports";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { SweepIncompleteError } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { allow, trustOf } from "../../builders.ts";
import { guardingAll, referenceOf } from "../../core/watched-roles.ts";
import { aWorld, type World } from "../world.ts";

const config = defineConfig({
  roles: {
    ...guardingAll.roles,
    "batch-job-*": { reference: "ecsTaskExecutionRole" },
    "Batch-Job-Named": {
      reference: "ecsTaskExecutionRole",
      rollback: { excess: "automatic", missing: "automatic" },
    },
  },
});

const execution = referenceOf("ecsTaskExecutionRole");

function create(world: World, roleName: string): void {
  world.act({
    call: "CreateRole",
    roleName,
    path: "/",
    assumeRolePolicyDocument: trustOf("ecs-tasks.amazonaws.com"),
  });
  for (const { arn } of execution.attachments)
    world.act({ call: "AttachRolePolicy", roleName, policyArn: arn });
}

const addPolicy = (roleName: string): IamCall => ({
  call: "PutRolePolicy",
  roleName,
  policyName: "rogue",
  policyDocument: allow("s3:DeleteObject"),
});

/** Deletes a role that has the policy of `addPolicy`. */
function remove(world: World, roleName: string): void {
  world.act({ call: "DeleteRolePolicy", roleName, policyName: "rogue" });
  for (const { arn } of execution.attachments)
    world.act({ call: "DetachRolePolicy", roleName, policyArn: arn });
  world.act({ call: "DeleteRole", roleName });
}

/** A world with roles of the pattern; without events if `silent`. */
async function aWorldOfPatterns({ silent }: { readonly silent: boolean }): Promise<World> {
  const world = aWorld({ config, ...(silent && { disorder: () => [] }) });
  for (const name of ["batch-job-1", "BATCH-JOB-2", "batch-job-named", "other"]) create(world, name);
  await world.settle();
  return world;
}

const openRoles = async (world: World) =>
  (await world.findings()).filter(({ state }) => state === "open").map(({ role }) => role.name);

describe("A role that matches a pattern of the configuration", () => {
  it("is compared after a change and reported, and never written", async () => {
    const world = await aWorldOfPatterns({ silent: false });
    for (const name of ["batch-job-1", "BATCH-JOB-2", "other"]) world.act(addPolicy(name));
    await world.settle();
    assert.deepEqual((await openRoles(world)).sort(), ["BATCH-JOB-2", "batch-job-1"]);
    assert.ok(
      world.rollbacks.every(({ status }) => status !== "done"),
      "no rollback was carried out",
    );
    const reading = await world.ports.roles.read("batch-job-1");
    assert.ok(reading.status === "present" && reading.role.inline.length === 1);
  });

  it("is held to its own entry if the configuration names it too", async () => {
    const world = await aWorldOfPatterns({ silent: false });
    world.act(addPolicy("batch-job-named"));
    await world.settle();
    const reading = await world.ports.roles.read("batch-job-named");
    assert.ok(reading.status === "present" && reading.role.inline.length === 0, "the policy was removed");
  });

  it("is found by the sweep without an event", async () => {
    const world = await aWorldOfPatterns({ silent: true });
    for (const name of ["batch-job-1", "BATCH-JOB-2", "other"]) world.act(addPolicy(name));
    await world.sweep();
    assert.deepEqual((await openRoles(world)).sort(), ["BATCH-JOB-2", "batch-job-1"]);
  });

  it("may be deleted: its findings resolve", async () => {
    const world = await aWorldOfPatterns({ silent: false });
    world.act(addPolicy("batch-job-1"));
    await world.settle();
    remove(world, "batch-job-1");
    await world.settle();
    assert.deepEqual(await openRoles(world), []);
  });

  it("is found by the sweep by its open findings if it was deleted without an event", async () => {
    const world = await aWorldOfPatterns({ silent: true });
    world.act(addPolicy("batch-job-1"));
    await world.sweep();
    assert.deepEqual(await openRoles(world), ["batch-job-1"]);
    remove(world, "batch-job-1");
    await world.sweep();
    await world.settle();
    assert.deepEqual(await openRoles(world), []);
  });

  it("does not keep the sweep from the named roles if the account's roles cannot be listed", async () => {
    const world = await aWorldOfPatterns({ silent: true });
    world.act(addPolicy("ecsTaskExecutionRole"));
    const denied = new RoleUnreadableError("The account's roles could not be listed: AccessDenied.");
    const roles: RoleReader = {
      ...world.ports.roles,
      async *names() {
        yield await Promise.reject(denied);
      },
    };
    const announcer = { announce: async () => {} };
    await assert.rejects(sweep({ ...world.ports, roles, announcer }, world.settings), (error) => {
      assert.ok(error instanceof SweepIncompleteError);
      assert.match(error.message, /could not be listed/);
      return true;
    });
    assert.deepEqual(await openRoles(world), ["ecsTaskExecutionRole"]);
  });
});
