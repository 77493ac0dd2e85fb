import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { attach, detach } from "../drift-calls.ts";
import { aWorld, guardRole } from "../world.ts";

const roleName = "AWSBatchServiceRole";
const eve = { kind: "user", name: "eve", sourceIp: "203.0.113.8" } as const;

/** A world that observes one role and counts its reads. */
function aCountingWorld() {
  let reads = 0;
  const world = aWorld({
    config: defineConfig({ roles: { [roleName]: {} } }),
    roles: (reader) => ({
      ...reader,
      read: (name) => {
        reads += 1;
        return reader.read(name);
      },
    }),
  });
  return { world, reads: () => reads };
}

const tag = (value: number) =>
  ({ call: "TagRole", roleName, tags: [{ key: "build", value: `${value}` }] }) as const;

describe("A burst of changes of one role", () => {
  it("whose events come later reads it a few times, and names who made the drift", async () => {
    const { world, reads } = aCountingWorld();
    for (let count = 0; count < 100; count += 1) world.act(tag(count));
    world.act(detach);
    for (let count = 0; count < 100; count += 1) world.act(tag(count), eve);
    world.clock.advance(30);
    await world.settle(1);
    assert.ok(reads() <= 3, `${reads()} reads`);
    const [finding] = await world.findings();
    assert.deepEqual([finding?.state, finding?.causedBy?.arn?.endsWith("/mallory")], ["open", true]);
  });

  it("reads it again for a change that was made after the read, or just before it", async () => {
    const { world, reads } = aCountingWorld();
    world.act(tag(1));
    world.clock.advance(30);
    await world.settle(1);
    assert.equal(reads(), 1);
    world.act(detach);
    await world.settle(1);
    assert.equal(reads(), 2);
    assert.equal((await world.findings()).length, 1);
  });

  it("resolves a finding by two reads, never by one that counts twice", async () => {
    const { world, reads } = aCountingWorld();
    world.act(detach);
    await world.settle();
    world.act(attach);
    for (let count = 0; count < 5; count += 1) world.act(tag(count));
    world.clock.advance(30);
    const before = reads();
    await world.settle(1);
    assert.ok(reads() - before > 1, "each read that decides about a finding is a new one");
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["open"],
    );
    await world.settle();
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["resolved"],
    );
  });
});

describe("A burst of rechecks of one role", () => {
  it("reads it once, and again after a while", async () => {
    const { world, reads } = aCountingWorld();
    const recheck = () =>
      inspectMessage({ kind: "recheck", recheck: { role: roleName } }, world.ports, world.settings);
    for (let count = 0; count < 100; count += 1) await recheck();
    assert.equal(reads(), 1);
    world.clock.advance(300);
    await Promise.all(Array.from({ length: 100 }, recheck));
    assert.equal(reads(), 2);
  });

  it("after a hundred changes reads it once, and misses no drift that came with the last", async () => {
    const { world, reads } = aCountingWorld();
    for (let count = 0; count < 100; count += 1) {
      world.act({ call: "TagRole", roleName, tags: [{ key: "build", value: `${count}` }] });
    }
    await world.settle(1);
    const atOnce = reads();
    world.act(detach);
    await world.settle();
    assert.ok(reads() - atOnce <= 4, `${reads() - atOnce} reads`);
    const [finding] = await world.findings();
    assert.deepEqual([finding?.state, finding?.causedBy?.arn?.endsWith("/mallory")], ["open", true]);
  });

  it("judges each call by the guard's own role", async () => {
    const { world } = aCountingWorld();
    world.act({ call: "TagRole", roleName, tags: [{ key: "build", value: "1" }] });
    world.act(
      { call: "TagRole", roleName, tags: [{ key: "build", value: "2" }] },
      { kind: "session", role: guardRole, session: "stolen" },
    );
    await world.settle();
    assert.ok((await world.findings()).some(({ evidence }) => evidence.kind === "impersonation"));
  });
});
