import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { addSeconds, instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { findStanding } from "@drift-guard/core/rollback/standing";
import { controlKeys } from "@drift-guard/core/store/keys";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { respond } from "@drift-guard/guard/respond/respond";
import { account, noon } from "../../builders.ts";
import { anAnswer } from "../../core/respond/answers.ts";
import { attach, detach, isAsReferenced, kinds, outcomes, rogue, roleNamed } from "../drift-calls.ts";
import { aWorld, type World, type WorldOptions } from "../world.ts";

const key: RoleKey = { account, name: "AWSBatchServiceRole" };
const days = (count: number) => count * 86_400;

/** A new deployment, which knows its roles and has seen this drift. */
async function observe(options: WorldOptions = {}, ...calls: Parameters<World["act"]>[0][]): Promise<World> {
  const world = aWorld({ observing: true, ...options });
  for (const call of calls) world.act(call);
  await world.settle();
  return world;
}

async function enable(world: World): Promise<void> {
  const person = { arn: `arn:aws:iam::${account}:user/ana`, principal: `arn:aws:iam::${account}:user/ana` };
  const ports = { ...world.ports, tell: async () => {} };
  const outcome = await respond(anAnswer("enable"), person, ports, world.settings);
  assert.equal(outcome.status, "recorded");
  await world.settle();
}

const standingOf = async (world: World) => {
  const opened = world.announced.find(({ kind }) => kind === "opened");
  assert.ok(opened);
  const now = instantOf(world.clock.now());
  return findStanding(opened, {
    config: world.settings.config,
    control: await world.control.load(key),
    now,
  });
};

/** Deletes the account's item, as nobody may. */
function deletePhase(database: NonNullable<WorldOptions["database"]>): void {
  database.sqlite
    .prepare("DELETE FROM control WHERE pk = ? AND sk = ?")
    .run(controlKeys.account(account), controlKeys.observing);
}

describe("Rollback of a new deployment", () => {
  it("writes nothing, and reports what it would do", async () => {
    const world = await observe({}, detach, rogue);
    await world.sweep();
    await world.settle();
    assert.deepEqual(outcomes(world), []);
    assert.deepEqual((await roleNamed(world, key.name)).attached, []);
    assert.equal(kinds(world).filter((kind) => kind === "simulated").length, 2);
    const until = addSeconds(noon, days(7));
    const { kind, ...phase } = await standingOf(world);
    assert.equal(kind, "observing");
    assert.ok("until" in phase && Date.parse(phase.until ?? "") - Date.parse(until) < 3_600_000);
  });

  it("rolls drift back once a person enables it, also what it found before", async () => {
    const world = await observe({}, detach, rogue);
    await world.sweep();
    await enable(world);
    await isAsReferenced(world);
    world.act(detach);
    await world.settle();
    await isAsReferenced(world);
  });

  it("may be enabled before anything happened", async () => {
    const world = aWorld({ observing: true, enrolled: false });
    await enable(world);
    world.act(rogue);
    await world.settle();
    await isAsReferenced(world);
  });

  it("rolls drift back by itself from the first sweep on that begins 7 days after a complete one", async () => {
    const world = await observe({}, rogue);
    await world.sweep();
    await world.settle();
    world.clock.advance(days(7) - 7200);
    await world.sweep();
    await world.settle();
    assert.deepEqual(outcomes(world), []);
    world.clock.advance(7200);
    await world.sweep();
    await world.settle();
    await isAsReferenced(world);
  });

  it("counts no days before a sweep was complete", async () => {
    const world = await observe(
      {
        roles: (reader) => ({
          ...reader,
          names: () => {
            throw new Error("IAM is not there.");
          },
          readMany: () => {
            throw new Error("IAM is not there.");
          },
          read: (name) =>
            name === "ecsTaskExecutionRole"
              ? Promise.reject(new Error("IAM is not there."))
              : reader.read(name),
        }),
      },
      rogue,
    );
    await assert.rejects(world.sweep());
    world.clock.advance(days(30));
    await assert.rejects(world.sweep());
    await world.settle();
    assert.deepEqual(outcomes(world), []);
    assert.deepEqual(await standingOf(world), { kind: "observing" });
  });

  it("carries out exactly what a person approved", async () => {
    const world = await observe({}, detach, rogue);
    const finding = (await world.findings()).find(({ evidence }) => String(evidence.part).includes("rogue"));
    assert.ok(finding);
    const now = instantOf(world.clock.now());
    const approval = {
      findingId: finding.id,
      digest: digestEvidence(finding.evidence),
      by: "ana",
      at: now,
      expires: addSeconds(now, 600),
    };
    await world.control.decide(key, { kind: "approval", approval });
    await world.ports.requests.send({ retry: { role: key.name, due: now, findings: [] } }, 0);
    await world.settle();
    assert.deepEqual(outcomes(world), ["done"]);
    const role = await roleNamed(world, key.name);
    assert.deepEqual([role.inline, role.attached], [[], []]);
  });
});

describe("The observing phase", () => {
  it("does not begin where rollback knew roles before there was a phase", async () => {
    const database = openDatabase(":memory:");
    const world = aWorld({ database });
    deletePhase(database);
    world.act(detach);
    await world.settle();
    await isAsReferenced(world);
    assert.deepEqual((await world.control.load({ account, name: "new" })).observing?.ended, { at: noonZ });
  });

  it("goes on where its item is deleted", async () => {
    const database = openDatabase(":memory:");
    const world = await observe({ database }, rogue);
    await world.sweep();
    await world.settle();
    deletePhase(database);
    world.act(detach);
    await world.settle();
    assert.deepEqual(outcomes(world), []);
    world.clock.advance(days(7));
    await world.sweep();
    await world.settle();
    await isAsReferenced(world);
  });

  it("does not begin again where its item is deleted after a person ended it", async () => {
    const database = openDatabase(":memory:");
    const world = await observe({ database });
    await enable(world);
    deletePhase(database);
    world.act(detach);
    await world.settle();
    await isAsReferenced(world);
  });

  it("does not begin again where another item is put in the place of its own", async () => {
    const database = openDatabase(":memory:");
    const world = await observe({ database });
    await enable(world);
    deletePhase(database);
    await world.control.saveObserving(account, { version: 0, since: noon });
    world.act(rogue);
    await world.settle();
    await isAsReferenced(world);
  });

  it("has every rollback refused while its item cannot be read", async () => {
    const database = openDatabase(":memory:");
    const world = await observe({ database });
    await enable(world);
    database.sqlite
      .prepare("UPDATE control SET item = ? WHERE sk = ?")
      .run(JSON.stringify({ schema: 1, since: 7 }), controlKeys.observing);
    world.act(rogue);
    await world.settle();
    assert.deepEqual(new Set(outcomes(world)), new Set(["refused"]));
    assert.match((await world.findings())[0]?.refusal ?? "", /cannot be read: .*OBSERVING/);
  });

  it("holds when a role's drift is undone by hand, and comes again", async () => {
    const world = await observe({}, detach);
    world.act(attach);
    await world.settle();
    world.act(detach);
    await world.settle();
    assert.deepEqual(outcomes(world), []);
  });
});

const noonZ = instantOf(new Date(noon));
