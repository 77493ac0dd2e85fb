import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { StepRefusedError } from "@drift-guard/core/errors";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { secondsAfterNoon, trustOf } from "../../builders.ts";
import { detach, isAsReferenced, roleNamed } from "../drift-calls.ts";
import { aWorld, type World, type WorldOptions } from "../world.ts";

const name = "AWSBatchServiceRole";
const rollback = { excess: "automatic", missing: "automatic", sessions: "revoke" } as const;

const trust = JSON.parse(trustOf("batch.amazonaws.com"));
const stranger = { ...trust.Statement[0], Principal: { AWS: "arn:aws:iam::999988887777:root" } };
const letStrangerIn: IamCall = {
  call: "UpdateAssumeRolePolicy",
  roleName: name,
  policyDocument: JSON.stringify({ ...trust, Statement: [...trust.Statement, stranger] }),
};

/** A world in which a stranger could assume the role before its policy was detached. */
async function aRevokedWorld(options: WorldOptions = {}): Promise<World> {
  const world = aWorld({ config: defineConfig({ roles: { [name]: { rollback } } }), ...options });
  world.act(letStrangerIn);
  world.act(detach);
  await world.settle(1800);
  return world;
}

const topicsOf = async (world: World) =>
  (await world.findings()).flatMap(({ state, evidence }) =>
    state === "open" ? [evidence.kind === "note" ? evidence.topic : `${evidence.part}`] : [],
  );

describe("The revocation of sessions before something is restored", () => {
  it("is an information while it is in force, and is removed when those sessions have ended", async () => {
    const world = await aRevokedWorld();
    const revoked = await roleNamed(world, name);
    assert.match(revoked.inline[0]?.name ?? "", /^DriftGuardRevokedSessions-/);
    assert.equal(revoked.attached.length, 1);
    await world.sweep();
    await world.settle(900);
    assert.deepEqual(await topicsOf(world), ["sessions-revoked"]);
    const [note] = (await world.findings()).filter(({ state }) => state === "open");
    assert.ok(note?.evidence.kind === "note");
    assert.match(note.evidence.details.join(" "), /until 2026-11-22T13:0/);
    assert.equal(note.severity, "INFORMATIONAL");
    await world.settle(7200);
    await isAsReferenced(world);
    assert.deepEqual(await topicsOf(world), []);
    assert.ok(
      world.announced.every(
        ({ finding: { evidence } }) => evidence.part.kind !== "inline" || evidence.kind === "note",
      ),
    );
  });

  it("becomes a finding where it stands after its end, and the sweep has it removed", async () => {
    let mayDelete = false;
    const world = await aRevokedWorld({
      writer: (door) => ({
        apply: (step, origin) => {
          if (step.call !== "iam:DeleteRolePolicy" || mayDelete) return door.apply(step, origin);
          throw new StepRefusedError("The organisation denies it.", "AccessDenied");
        },
      }),
    });
    await world.settle(10_800);
    world.clock.advanceTo(new Date(secondsAfterNoon(3 * 3600)));
    await world.sweep();
    await world.settle(600);
    const [{ name: policy } = { name: "" }] = (await roleNamed(world, name)).inline;
    assert.deepEqual(await topicsOf(world), [`inline:${policy}`]);
    mayDelete = true;
    world.clock.advanceTo(new Date(secondsAfterNoon(24 * 3600)));
    await world.sweep();
    await world.settle(7200);
    await isAsReferenced(world);
    assert.deepEqual(await topicsOf(world), []);
  });

  for (const isLate of [false, true]) {
    const when = isLate ? "the report of which comes later" : "which was then lowered";
    it(`stands until the end of a session that was begun under a longer limit, ${when}`, async () => {
      let isWithheld = isLate;
      const withheld: string[] = [];
      const world = aWorld({
        config: defineConfig({ roles: { [name]: { rollback } } }),
        disorder(bodies) {
          if (!isWithheld) return [...bodies, ...withheld.splice(0)];
          withheld.push(...bodies.filter((body) => body.includes('"UpdateRole"')));
          return bodies.filter((body) => !withheld.includes(body));
        },
      });
      const limit = (maxSessionDuration: number) =>
        ({ call: "UpdateRole", roleName: name, maxSessionDuration }) as const;
      const clean = trustOf("batch.amazonaws.com");
      const calls = [letStrangerIn, limit(43_200), limit(3600)];
      for (const call of calls) world.act(call);
      world.act({ call: "UpdateAssumeRolePolicy", roleName: name, policyDocument: clean });
      await world.settle();
      world.act(detach);
      await world.settle(600);
      isWithheld = false;
      await world.settle(3 * 3600);
      const held = await roleNamed(world, name);
      assert.equal(held.attached.length, 1);
      assert.match(held.inline[0]?.name ?? "", /^DriftGuardRevokedSessions-/);
      assert.deepEqual(await topicsOf(world), ["sessions-revoked"]);
      await world.settle(11 * 3600);
      await isAsReferenced(world);
    });
  }
});
