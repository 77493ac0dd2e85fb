import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { Change } from "@drift-guard/core/model/change";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { managedPart } from "@drift-guard/core/model/part";
import { defineReference } from "@drift-guard/core/reference/reference";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { aChange, account, anActor, batchServicePolicy, noon, secondsAfterNoon } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { detach, roleNamed } from "../drift-calls.ts";
import { aWorld, guardRole, type World } from "../world.ts";

const key = { account, name: "AWSBatchServiceRole" };
const part = managedPart(batchServicePolicy);

/** A world with a detached policy, of which no event came, in the mode approve. */
function aDriftedWorld(): World {
  const rollback = { missing: "approve" } as const;
  const config = defineConfig({ roles: { [key.name]: { rollback } } });
  const world = aWorld({ config, disorder: () => [] });
  world.act(detach);
  return world;
}

/** Hands rollback the messages of changes. Returns the actors' users that it records as causes. */
async function causesOf(world: World, ...changes: readonly Change[]): Promise<readonly string[]> {
  for (const change of changes) {
    await handleRollbackMessage({ changed: { role: key.name, change } }, world.ports, world.settings);
  }
  const { causes } = await world.control.load(key);
  return causes.map(({ actor }) => actor.arn?.split("/").at(-1) ?? "");
}

function by(user: string, over: Partial<Change> = {}): Change {
  const arn = `arn:aws:iam::${account}:user/${user}`;
  return aChange({
    id: `${user} ${over.at ?? noon}`,
    at: noon,
    actor: anActor({ arn }),
    writes: part,
    ...over,
  });
}

describe("The cause of a drift", () => {
  it("is the actor of the change that explains it", async () => {
    assert.deepEqual(await causesOf(aDriftedWorld(), by("ann")), ["ann"]);
  });

  it("is no change of another part, of another account, refused, or by the guard's role", async () => {
    const foreign: readonly Change[] = [
      by("ann", { writes: managedPart("arn:aws:iam::aws:policy/Other") }),
      by("ben", { account: "999988887777" }),
      by("cid", { outcome: { status: "refused", code: "AccessDenied" } }),
      by("dan", { actor: anActor({ issuer: guardRole, session: "rollback" }) }),
    ];
    assert.deepEqual(await causesOf(aDriftedWorld(), ...foreign), []);
  });

  it("is not replaced by an older change or a repeated message", async () => {
    const world = aDriftedWorld();
    const later = by("ben", { at: secondsAfterNoon(60) });
    assert.deepEqual(await causesOf(world, later, by("ann"), later), ["ben"]);
  });

  it("is no change of a time that no honest clock has shown, also while the role cannot be read", async () => {
    const world = aDriftedWorld();
    const ahead = by("eve", { at: secondsAfterNoon(16 * 60) });
    assert.deepEqual(await causesOf(world, ahead), []);
    const unreadable = { read: () => Promise.reject(new RoleUnreadableError("Throttling: Rate exceeded")) };
    const roles = { ...world.ports.roles, ...unreadable };
    const message = { changed: { role: key.name, change: ahead } };
    await handleRollbackMessage(message, { ...world.ports, roles }, world.settings);
    assert.deepEqual(await causesOf(world, by("ann", { at: secondsAfterNoon(60) })), ["ann"]);
    world.clock.advance(3600);
    assert.deepEqual(await causesOf(world), ["ann"]);
  });

  it("is replaced by a later change where its recorded time is of the future", async () => {
    const world = aDriftedWorld();
    await causesOf(world, by("eve"));
    const before = await world.control.load(key);
    const causes = before.causes.map((cause) => ({ ...cause, at: "2099-01-01T00:00:00Z" as const }));
    await world.control.commit({ before, after: { ...before, causes } });
    assert.deepEqual(await causesOf(world, by("ann", { at: secondsAfterNoon(60), call: "iam:CreateRole" })), [
      "ann",
    ]);
  });

  it("explains no later drift once a rollback has undone it", async () => {
    const world = aWorld();
    world.act(detach);
    await world.settle();
    const { causes, rollbacks } = await world.control.load(key);
    assert.deepEqual(
      causes.map(({ call, undoneBy }) => [call, undoneBy]),
      [["iam:DetachRolePolicy", rollbacks[0]?.id]],
    );
  });

  it("explains the drift that a rollback failed to undo, although its message came after that", async () => {
    const config = defineConfig({ roles: { [key.name]: { rollback: { missing: "automatic" } } } });
    const world = aWorld({ config, disorder: () => [] });
    world.iam.deny({ kind: "session", role: guardRole, session: "rollback" }, ["AttachRolePolicy"]);
    world.act(detach);
    await world.sweep();
    await world.settle(120);
    assert.deepEqual(await causesOf(world, by("ann", { at: secondsAfterNoon(-600) })), ["ann"]);
    const { causes, rollbacks } = await world.control.load(key);
    assert.deepEqual([rollbacks[0]?.status, causes[0]?.undoneBy], ["failed", undefined]);
  });

  it("is cut where its texts are long", async () => {
    const world = aDriftedWorld();
    await causesOf(world, by("ann", { actor: anActor({ userAgent: "x".repeat(5000) }) }));
    const { causes } = await world.control.load(key);
    assert.equal(causes[0]?.actor.userAgent?.length, 700);
  });

  it("is sent again at the recheck where the drift is still there, and changes nothing if it was known", async () => {
    const sent: string[] = [];
    const world = aWorld({
      config: defineConfig({ roles: { [key.name]: { rollback: { missing: "approve" } } } }),
      loseRequest: (request) => {
        if (!("changed" in request)) return false;
        sent.push(request.changed.change.id);
        return sent.length === 1;
      },
    });
    world.act(detach);
    await world.settle(1);
    assert.deepEqual((await world.control.load(key)).causes, []);
    await world.settle();
    assert.deepEqual([sent.length, new Set(sent).size], [2, 1]);
    assert.equal((await world.control.load(key)).causes.length, 1);
  });
});

describe("A change by a trusted actor", () => {
  const pipeline = `arn:aws:iam::${account}:role/pipeline`;
  const session = { kind: "session", role: pipeline, session: "run" } as const;

  it("is only reported although rollback could not read the role when its message came", async () => {
    const rollback = { missing: "automatic" } as const;
    let isThrottled = true;
    const world = aWorld({
      config: defineConfig({ trustedActors: [pipeline], roles: { [key.name]: { rollback } } }),
      rollbackRoles: (reader) => ({
        async read(name) {
          if (isThrottled) throw new RoleUnreadableError("Throttling: Rate exceeded");
          return reader.read(name);
        },
      }),
    });
    world.act(detach, session);
    // Until after the recheck, which sends the message a last time.
    await world.settle(1800);
    isThrottled = false;
    await world.settle();
    assert.equal((await roleNamed(world, key.name)).attached.length, 0);
    const { causes, unread } = await world.control.load(key);
    assert.deepEqual([causes.map(({ actor }) => actor.issuer), unread], [[pipeline], undefined]);
  });
});

describe("A call with the guard's credentials that a person closed", () => {
  it("resolves as closed, and another such call opens the finding again", async () => {
    const world = aWorld();
    const steal = () => {
      world.act(detach, { kind: "session", role: guardRole, session: "stolen" });
    };
    steal();
    await world.settle();
    const impersonations = async () =>
      (await world.findings()).filter(({ evidence }) => evidence.kind === "impersonation");
    const [thief] = await impersonations();
    assert.ok(thief?.state === "open");
    const closure = {
      findingId: thief.id,
      digest: digestEvidence(thief.evidence),
      by: `arn:aws:iam::${account}:user/owner`,
      at: noon,
      reason: "The key was revoked.",
    };
    await world.control.decide(key, { kind: "closure", closure });
    await world.sweep();
    await world.settle();
    assert.deepEqual(
      (await impersonations()).map(({ state }) => state),
      ["resolved"],
    );
    const kinds = () =>
      world.announced
        .filter(({ finding }) => finding.evidence.kind === "impersonation")
        .map(({ kind }) => kind);
    assert.deepEqual(kinds(), ["opened", "closed"]);
    world.clock.advance(3600);
    steal();
    await world.settle();
    assert.deepEqual(kinds(), ["opened", "closed", "reopened"]);
  });
});

describe("A trusted actor", () => {
  const pipeline = `arn:aws:iam::${account}:role/pipeline`;
  const reference = defineReference({
    ...referenceOf(key.name),
    role: "WithSettings",
    description: "Runs jobs",
    maxSession: 3600,
    tags: {},
    strictness: { ...referenceOf(key.name).strictness, tags: "closed" },
  });
  const changes: Readonly<Record<string, IamCall>> = {
    tag: { call: "TagRole", roleName: key.name, tags: [{ key: "release", value: "7" }] },
    session: { call: "UpdateRole", roleName: key.name, maxSessionDuration: 7200 },
    description: { call: "UpdateRoleDescription", roleName: key.name, description: "Release 7" },
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`who sets the ${what} of a role is asked before a rollback`, async () => {
      const world = aWorld({
        config: defineConfig({
          references: [reference],
          roles: { [key.name]: { reference: "WithSettings", rollback: { altered: "automatic" } } },
          trustedActors: [pipeline],
        }),
      });
      world.act({ call: "UpdateRoleDescription", roleName: key.name, description: "Runs jobs" });
      await world.settle();
      const rollbacks = async () => (await world.control.load(key)).rollbacks.length;
      const before = await rollbacks();
      world.iam.call(change, { kind: "session", role: pipeline, session: "run-7" });
      await world.settle();
      assert.equal(await rollbacks(), before);
      const [finding] = (await world.findings()).filter(({ state }) => state === "open");
      assert.match(finding?.state === "open" ? (finding.refusal ?? "") : "", /whom the configuration trusts/);
    });
  }
});
