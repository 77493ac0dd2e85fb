import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { detach } from "../drift-calls.ts";
import { aWorld, guardRole } from "../world.ts";

const roleName = "AWSBatchServiceRole";

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
