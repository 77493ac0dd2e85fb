import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, defineConfig } from "@drift-guard/core/config/config";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { HubFinding } from "@drift-guard/core/model/hub";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { addSeconds, instantOf } from "@drift-guard/core/model/instant";
import type { RollbackRequest } from "@drift-guard/core/model/rollback-request";
import { roleReleased, type Transition } from "@drift-guard/core/model/transition";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import type { SweepPorts } from "@drift-guard/guard/ports";
import { SweepIncompleteError } from "@drift-guard/guard/sweep/report";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { account, allow, batchServicePolicy } from "../../builders.ts";
import { aWorld, type World, type WorldOptions } from "../world.ts";

const detach: IamCall = {
  call: "DetachRolePolicy",
  roleName: "AWSBatchServiceRole",
  policyArn: batchServicePolicy,
};
const rogue: IamCall = {
  call: "PutRolePolicy",
  roleName: "ecsTaskExecutionRole",
  policyName: "rogue",
  policyDocument: allow("iam:*"),
};
const observing = defineConfig({
  roles: { AWSBatchServiceRole: {}, AWSServiceRoleForBatch: { required: false }, ecsTaskExecutionRole: {} },
  regions: { batch: ["us-east-1", "eu-west-1"] },
});
const everyRole = ["AWSBatchServiceRole", "AWSServiceRoleForBatch", "ecsTaskExecutionRole"];
const gone = new StoreUnavailableError("The item of AWSBatchServiceRole cannot be read.");
const fails = () => Promise.reject(gone);
async function* failing(): AsyncGenerator<never> {
  yield await fails();
}

/** A world with two drifts that no event reported. */
function aSilentWorld({ config = observing }: WorldOptions = {}): World {
  const world = aWorld({ config, disorder: () => [] });
  world.act(detach);
  world.act(rogue);
  return world;
}

/** Sweeps a world with some ports replaced. Returns the report, the announced transitions and the failure. */
async function sweepWith(
  world: Pick<World, "ports" | "settings">,
  over: Partial<SweepPorts> = {},
  signal?: AbortSignal,
) {
  const announced: Transition[] = [];
  const announcer = { announce: async (batch: readonly Transition[]) => void announced.push(...batch) };
  try {
    const report = await sweep({ ...world.ports, announcer, ...over }, world.settings, signal);
    return { report, announced, failure: undefined };
  } catch (error) {
    assert.ok(error instanceof SweepIncompleteError, String(error));
    return { report: error.report, announced, failure: error };
  }
}

const rolesOf = (inspections: readonly { readonly role: { readonly name: string } }[]) =>
  inspections.map(({ role }) => role.name).sort();

describe("A sweep in which something fails", () => {
  it("inspects every other role where one ledger cannot be read, and names that role at the end", async () => {
    const world = aSilentWorld();
    const findings: SweepPorts["findings"] = {
      ...world.ports.findings,
      load: (role) => (role.name === "AWSBatchServiceRole" ? fails() : world.ports.findings.load(role)),
    };
    const { report, failure } = await sweepWith(world, { findings });
    assert.deepEqual(rolesOf(report.inspections), everyRole.slice(1));
    assert.deepEqual(
      (await world.findings()).map(({ role }) => role.name),
      ["ecsTaskExecutionRole"],
    );
    assert.deepEqual(failure?.errors, [gone]);
    assert.match(failure?.message ?? "", /- role AWSBatchServiceRole: The item of .* cannot be read/);
  });

  it("inspects every other role where the uses of one cannot be read", async () => {
    const world = aSilentWorld();
    const usage: SweepPorts["usage"] = {
      ...world.ports.usage,
      usesOf: (role) => (role.name === "ecsTaskExecutionRole" ? fails() : world.ports.usage.usesOf(role)),
    };
    const { report, failure } = await sweepWith(world, { usage });
    assert.deepEqual(rolesOf(report.inspections), everyRole.slice(0, 2));
    assert.deepEqual(failure?.errors, [gone]);
  });

  it("inspects the configured roles where neither AWS Batch nor the recorded uses can be read", async () => {
    const world = aSilentWorld();
    const usage = { ...world.ports.usage, users: failing };
    const { report, failure } = await sweepWith(world, { usage });
    assert.deepEqual(rolesOf(report.inspections), everyRole);
    assert.equal(failure?.errors.length, 3);
    for (const what of [/AWS Batch in us-east-1/, /AWS Batch in eu-west-1/, /roles that AWS Batch uses/]) {
      assert.match(failure?.message ?? "", what);
    }
  });

  it("inspects every role where the bus fails, and announces what it has where the store fails halfway", async () => {
    const world = aSilentWorld();
    await sweepWith(world);
    world.clock.advance(3600);
    const announcer = { announce: fails };
    const deaf = await sweepWith(world, { announcer });
    assert.deepEqual(rolesOf(deaf.report.inspections), everyRole);
    assert.deepEqual([deaf.report.resent, deaf.failure?.errors], [0, [gone]]);

    const findings: SweepPorts["findings"] = {
      ...world.ports.findings,
      async *undelivered(...parameters) {
        yield* world.ports.findings.undelivered(...parameters);
        throw gone;
      },
    };
    const partial = await sweepWith(world, { findings });
    assert.deepEqual([partial.report.resent, partial.announced.length], [2, 2]);
    assert.deepEqual(partial.failure?.errors, [gone]);
  });

  it("reads each role on its own where the bulk read fails", async () => {
    const world = aSilentWorld();
    const roles = { ...world.ports.roles, readMany: failing };
    const { report, failure } = await sweepWith(world, { roles });
    assert.deepEqual(rolesOf(report.inspections), everyRole);
    assert.deepEqual(failure?.errors, [gone]);
  });
});

describe("A sweep whose time runs out", () => {
  it("starts nothing, and names every role that it did not reach", async () => {
    const world = aSilentWorld();
    await sweepWith(world);
    world.clock.advance(3600);
    const { report, announced, failure } = await sweepWith(world, {}, AbortSignal.abort());
    assert.equal(failure, undefined);
    assert.deepEqual([report.inspections, report.resent, announced], [[], 0, []]);
    assert.deepEqual([...report.left].sort(), everyRole);
    assert.deepEqual(
      report.unread.map(({ region }) => region),
      ["us-east-1", "eu-west-1"],
    );
  });

  it("finishes the current role, and does not read AWS Batch", async () => {
    const world = aSilentWorld();
    const time = new AbortController();
    const rechecks: SweepPorts["rechecks"] = world.ports.rechecks;
    const findings: SweepPorts["findings"] = {
      ...world.ports.findings,
      commit: (commit) => {
        time.abort();
        return world.ports.findings.commit(commit);
      },
    };
    const usage = { ...world.ports.usage, users: failing };
    const { report, failure } = await sweepWith(world, { rechecks, findings, usage }, time.signal);
    assert.equal(failure, undefined);
    assert.equal(report.inspections.length, 1);
    assert.equal(report.left.length, 2);
  });

  it("announces no more than the current hundred transitions", async () => {
    const world = aSilentWorld();
    const time = new AbortController();
    await sweepWith(world);
    const [first] = await world.findings();
    assert.ok(first);
    const ledger = await world.ports.findings.load(first.role);
    const transitions = Array.from({ length: 250 }, (_, index): Transition => {
      const finding = { ...first, seq: 100 + index };
      const at = instantOf(world.clock.now());
      return {
        schema: 1,
        id: `${first.id}#${finding.seq}`,
        kind: "worsened",
        at,
        cause: { kind: "sweep" },
        finding,
      };
    });
    await world.ports.findings.commit({ before: ledger, after: ledger, transitions });
    world.clock.advance(3600);
    const announcer = { announce: async () => time.abort() };
    const { report } = await sweepWith(world, { announcer }, time.signal);
    assert.equal(report.resent, 100);
  });
});

describe("A rollback that never came", () => {
  const batchRole = (rollback: object, more: object = {}) =>
    defineConfig({ roles: { AWSBatchServiceRole: { rollback } }, ...more });
  const automatic = batchRole({ excess: "automatic", missing: "automatic" });

  /** A world with a detached policy, whose request for a rollback was announced and lost. */
  async function aWorldThatLostARequest(): Promise<World> {
    const world = aWorld({ config: batchRole({}) });
    world.act(detach);
    await world.settle();
    world.clock.advance(3600);
    return world;
  }

  /** Sweeps with a configuration. Returns the names of the roles for which rollback gets a request. */
  async function requestedBy(world: World, config: Config, over: Partial<SweepPorts> = {}) {
    const sent: RollbackRequest[] = [];
    const requests = { send: async (request: RollbackRequest) => void sent.push(request) };
    const settings = { ...world.settings, config };
    const { announced } = await sweepWith({ ...world, settings }, { requests, ...over });
    assert.deepEqual(announced, []);
    return sent.flatMap((request) => ("retry" in request ? [request.retry.role] : []));
  }

  it("is requested again by the next sweep", async () => {
    assert.deepEqual(await requestedBy(await aWorldThatLostARequest(), automatic), [detach.roleName]);
  });

  it("is not requested where the owner turned rollbacks off", async () => {
    assert.deepEqual(await requestedBy(await aWorldThatLostARequest(), batchRole({})), []);
  });

  it("is not requested for drift that is gone or not visible", async () => {
    const world = await aWorldThatLostARequest();
    const roles = { ...world.ports.roles, readMany: failing, read: fails };
    assert.deepEqual(await requestedBy(world, automatic, { roles }), []);
    world.act({ ...detach, call: "AttachRolePolicy" });
    assert.deepEqual(await requestedBy(world, automatic), []);
  });

  it("is carried out in the end where it was refused for a temporary reason", async () => {
    const config = batchRole({ missing: "automatic" }, { restoringPerHour: 1 });
    const world = aWorld({ config });
    assert.equal(
      await world.control.spendRestoring(account, "another", instantOf(world.clock.now()), 1),
      "granted",
    );
    world.act(detach);
    await world.settle(60);
    assert.equal(world.announced.at(-1)?.kind, "refused");
    world.clock.advance(2 * 3600);
    await world.sweep();
    await world.settle();
    assert.deepEqual(world.announced.map(({ kind }) => kind).slice(-2), ["rolled-back", "resolved"]);
  });

  it("is left to a person where it was refused for a permanent reason", async () => {
    const rollback = { missing: "automatic" } as const;
    const config = defineConfig({ roles: { AWSBatchServiceRole: { rollback, paths: ["/elsewhere/"] } } });
    const world = aWorld({ config });
    world.act(detach);
    await world.settle();
    const { length } = world.announced;
    world.clock.advance(3600);
    await world.sweep();
    await world.settle();
    assert.equal(world.announced.length, length);
  });
});

describe("A finding that stays open for long", () => {
  const days = (count: number) => count * 86_400;
  async function aWorldWithOldFindings(securityHub = true): Promise<World> {
    const config = defineConfig({ roles: { AWSBatchServiceRole: {} }, securityHub });
    const world = aWorld({ config });
    world.act(detach);
    await world.settle();
    world.clock.advance(days(31));
    return world;
  }

  it("is renewed in Security Hub once a month, and announced to no other sink", async () => {
    const world = await aWorldWithOldFindings();
    const { announced, report } = await sweepWith(world);
    assert.deepEqual([announced, report.renewed], [world.announced, 1]);
    const [opened] = world.announced;
    assert.ok(opened);
    // The world's only sink is "notify".
    assert.deepEqual(await world.ports.findings.findDelivery(opened), {
      transition: opened,
      awaiting: [],
      renewedAt: instantOf(world.clock.now()),
    });
    world.clock.advance(days(29));
    assert.equal((await sweepWith(world)).report.renewed, 0);
    world.clock.advance(days(2));
    assert.equal((await sweepWith(world)).report.renewed, 1);
  });

  it("is imported anew once a suppression in Security Hub has ended", async () => {
    const world = await aWorldWithOldFindings();
    await sweepWith(world);
    const now = instantOf(world.clock.now());
    const until = addSeconds(now, days(5));
    const state: HubFinding = {
      version: 1,
      workflow: "SUPPRESSED",
      quieting: { kind: "suppressed", digest: "d", at: now, until },
    };
    const hub = { loadFinding: async () => state };
    const renewedAfter = async (seconds: number) => {
      world.clock.advance(seconds);
      return (await sweepWith(world, { hub })).report.renewed;
    };
    assert.equal(await renewedAfter(days(4)), 0);
    assert.equal(await renewedAfter(days(2)), 1);
    assert.equal(await renewedAfter(days(1)), 0);
  });

  it("is not renewed without Security Hub, or once it is resolved", async () => {
    assert.equal((await sweepWith(await aWorldWithOldFindings(false))).report.renewed, 0);
    const world = await aWorldWithOldFindings();
    world.act({ ...detach, call: "AttachRolePolicy" });
    await world.settle();
    world.clock.advance(days(31));
    assert.equal((await sweepWith(world)).report.renewed, 0);
  });
});

describe("A sweep of accepted drift", () => {
  it("warns once before an exception ends, also where two sweeps race and the first message is lost", async () => {
    const world = aSilentWorld();
    await world.sweep();
    const [finding] = await world.findings();
    assert.ok(finding);
    const { id: findingId, role, evidence } = finding;
    const given = world.clock.now();
    const expires = instantOf(new Date(given.getTime() + 20 * 86_400_000));
    await world.control.decide(role, {
      kind: "exception",
      exception: {
        findingId,
        digest: digestEvidence(evidence),
        owner: "arn:aws:iam::123456789012:user/ana",
        reason: "Pilot",
        at: instantOf(given),
        expires,
      },
    });
    await world.sweep();
    world.clock.advance(14 * 86_400);
    const told = world.announced.length;
    const [one, other] = await Promise.all([sweepWith(world), sweepWith(world)]);
    const kinds = [one, other].flatMap(({ report }) =>
      report.inspections.flatMap(({ transitions }) => transitions.map(({ kind }) => kind)),
    );
    assert.deepEqual(kinds, ["expiring"]);
    // Neither reached people: the next sweep sends the same transition again.
    assert.equal(world.announced.length, told);
    world.clock.advance(3600);
    const { announced } = await sweepWith(world);
    assert.deepEqual(
      announced.map(({ kind, exception }) => [kind, exception?.expires]),
      [["expiring", expires]],
    );
    world.clock.advance(7 * 86_400);
    const after = await sweepWith(world);
    assert.deepEqual(
      after.report.inspections.flatMap(({ transitions }) =>
        transitions.map(({ kind, exception }) => [kind, exception?.reason]),
      ),
      [["reopened", "Pilot"]],
    );
  });
});

describe("the findings of a role that left the configuration", () => {
  async function leave(world: World) {
    const config = defineConfig({ roles: { AWSBatchServiceRole: {} } });
    for (const seconds of [0, 600, 600]) {
      world.clock.advance(seconds);
      await sweepWith({ ...world, settings: { ...world.settings, config } });
    }
  }

  it("are resolved by later sweeps, which say that the role is not watched any more", async () => {
    const world = aSilentWorld();
    await world.sweep();
    await leave(world);
    const left = (await world.findings()).filter(({ role }) => role.name === "ecsTaskExecutionRole");
    assert.deepEqual(
      left.map(({ state }) => state),
      ["resolved"],
    );
    const [finding] = left;
    assert.ok(finding);
    const last = (await world.ports.findings.history(finding.role, finding.id)).at(-1);
    assert.deepEqual([last?.kind, last?.note], ["resolved", roleReleased]);
  });

  it("are removed if somebody forged them", async () => {
    const database = openDatabase(":memory:");
    const world = aWorld({ config: observing, database });
    world.act(rogue);
    await world.settle();
    const row = database.sqlite.prepare("SELECT sk, item FROM findings WHERE sk LIKE 'FINDING#%'").get();
    assert.ok(typeof row?.sk === "string" && typeof row.item === "string");
    const forged = row.item.replaceAll("ecsTaskExecutionRole", "ghost");
    const insert = database.sqlite.prepare("INSERT INTO findings (pk, sk, item) VALUES (?, ?, ?)");
    insert.run(`${account}#ghost`, row.sk, forged);
    assert.deepEqual((await world.findings()).map(({ role }) => role.name).sort(), [
      "ecsTaskExecutionRole",
      "ghost",
    ]);
    await world.sweep();
    assert.deepEqual(
      (await world.findings()).map(({ role }) => role.name),
      ["ecsTaskExecutionRole"],
    );
  });
});
