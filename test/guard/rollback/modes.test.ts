import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { instantOf } from "@drift-guard/core/model/instant";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { account, allow } from "../../builders.ts";
import { guardingAll } from "../../core/watched-roles.ts";
import { attach, detach, isAsReferenced, kinds, outcomes, rogue, roleNamed } from "../drift-calls.ts";
import { aWorld } from "../world.ts";

const key = { account, name: "AWSBatchServiceRole" };

describe("The mode simulate", () => {
  const config = defineConfig({
    ...guardingAll,
    roles: {
      AWSBatchServiceRole: {
        reference: "AWSBatchServiceRole",
        rollback: { excess: "simulate", missing: "simulate" },
      },
    },
  });

  it("reports once per evidence what a rollback would do, and writes nothing", async () => {
    const world = aWorld({ config });
    world.act(detach);
    world.act(rogue);
    await world.settle();
    await world.sweep();
    world.clock.advance(3600);
    await world.sweep();
    await world.settle();
    // The first event's read shows both drifts, and the second event then names who made the other.
    assert.deepEqual(kinds(world).toSorted(), ["attributed", "opened", "opened", "simulated", "simulated"]);
    const simulated = world.announced.filter(({ kind }) => kind === "simulated");
    assert.deepEqual(simulated.map(({ steps }) => steps?.map(({ call }) => call)).toSorted(), [
      ["iam:AttachRolePolicy"],
      ["iam:DeleteRolePolicy"],
    ]);
    assert.match(simulated[0]?.note ?? "", /^A rollback would carry out: iam:/);
    assert.deepEqual(outcomes(world), []);
    assert.deepEqual((await world.control.load(key)).rollbacks, []);
    world.act({ ...rogue, policyDocument: allow(["iam:*", "sqs:*"]) });
    await world.settle();
    assert.equal(world.announced.filter(({ kind }) => kind === "simulated").length, 3);
  });

  it("keeps to the cap on restoring, of which it spends nothing", async () => {
    const world = aWorld({ config: { ...config, restoringPerHour: 1 } });
    const spend = (id: string) => world.control.spendRestoring(account, id, instantOf(world.clock.now()), 1);
    world.act(detach);
    await world.settle(60);
    assert.equal(await spend("another"), "granted");
    world.act(attach);
    await world.settle();
    world.act(detach);
    await world.settle();
    const notes = world.announced.flatMap(({ kind, note = "" }) => (kind === "simulated" ? [note] : []));
    assert.equal(notes.length, 3, notes.join());
    assert.match(
      notes[1] ?? "",
      /^A rollback would not be carried out: The account has reached its 1 rollbacks/,
    );
    assert.match(notes[2] ?? "", /^A rollback would carry out: iam:AttachRolePolicy/);
  });

  it("reports why a rollback would not be carried out", async () => {
    const world = aWorld({ config, enrolled: false });
    world.act(detach);
    await world.settle();
    const simulated = world.announced.find(({ kind }) => kind === "simulated");
    assert.match(simulated?.note ?? "", /^A rollback would not be carried out: No read has found/);
    assert.equal(simulated?.steps, undefined);
  });
});

describe("A drift whose side is turned off", () => {
  it("keeps no refusal and no next try from before", async () => {
    const automatic = defineConfig({
      ...guardingAll,
      roles: { AWSBatchServiceRole: { rollback: { excess: "automatic", missing: "automatic" } } },
      restoringPerHour: 1,
    });
    const world = aWorld({ config: automatic });
    await world.control.spendRestoring(account, "another", instantOf(world.clock.now()), 1);
    world.act(detach);
    await world.settle(60);
    const states = async () =>
      (await world.findings()).map((finding) => ("refusal" in finding ? finding.refusal : undefined));
    assert.match((await states())[0] ?? "", /The next try is at/);
    const announcer = { announce: async () => {} };
    const off = {
      ...world.settings,
      config: defineConfig({ ...guardingAll, roles: { AWSBatchServiceRole: {} } }),
    };
    await sweep({ ...world.ports, announcer }, off);
    assert.deepEqual(await states(), [undefined]);
    assert.equal(world.announced.at(-1)?.kind, "refused", "nobody is told of it");
  });
});

describe("A drift that rollback saw before detection", () => {
  it("is opened, with the rollback as its cause, and told as rolled back", async () => {
    let isDetached = false;
    const world = aWorld({
      rollbackRoles: (reader) => ({
        read: (name) => {
          // Detection has read the role before this change, whose event is lost.
          if (!isDetached) world.act(rogue);
          isDetached = true;
          return reader.read(name);
        },
      }),
      disorder: (bodies) => bodies.filter((body) => !body.includes("PutRolePolicy")),
    });
    world.act(detach);
    await world.settle(1);
    await isAsReferenced(world);
    const told = world.announced.map(
      ({ kind, finding: { evidence } }) => `${kind} ${evidence.part.name ?? ""}`,
    );
    assert.ok(told.includes("opened rogue"), told.join());
    assert.ok(told.includes("rolled-back rogue"), told.join());
    await world.settle();
    await world.sweep();
    world.clock.advance(3600);
    await world.sweep();
    assert.ok((await world.findings()).every(({ state }) => state === "resolved"));
  });
});

describe("A role that rollback cannot read", () => {
  it("is read again after growing pauses for a day, and the finding says so and when they end", async () => {
    let reads = 0;
    let isDenied = true;
    const times: number[] = [];
    const world = aWorld({
      rollbackRoles: (reader) => ({
        read: async (name) => {
          if (!isDenied) return reader.read(name);
          reads += 1;
          times.push(world.clock.now().getTime());
          throw new RoleUnreadableError(`AWS denied iam:GetRole on ${name}.`);
        },
      }),
    });
    world.act(detach);
    await world.settle();
    assert.ok(reads > 90 && reads < 130, `${reads} reads`);
    const pauses = times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 60_000);
    assert.ok(Math.max(...pauses) <= 15.1);
    const notes = world.announced.flatMap(({ kind, note = "" }) => (kind === "refused" ? [note] : []));
    assert.equal(notes.length, 2, notes.join("\n"));
    assert.match(notes[0] ?? "", /Rollback cannot read AWSBatchServiceRole since .* until 2026-/);
    assert.match(notes[1] ?? "", /could not be read|could not read/);
    isDenied = false;
    await world.sweep();
    await world.settle();
    assert.equal((await roleNamed(world, key.name)).attached.length, 1);
    assert.equal((await world.control.load(key)).unread, undefined);
  });
});
