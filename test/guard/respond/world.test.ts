import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import { Step } from "@drift-guard/core/model/plan";
import { Answer } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";
import { planForApproval } from "@drift-guard/core/rollback/plan-for-approval";
import { planUndo } from "@drift-guard/core/rollback/undo";
import type { GivenAnswer, RespondPorts } from "@drift-guard/guard/ports";
import { type AnswerOutcome, respond } from "@drift-guard/guard/respond/respond";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { account, allow } from "../../builders.ts";
import { deployment } from "../../core/respond/answers.ts";
import { outcomes, rogue, roleNamed } from "../drift-calls.ts";
import { aWorld, bob, type World } from "../world.ts";

const role = "AWSBatchServiceRole";
const key = { account, name: role };
const user = (name: string): Person => {
  const arn = `arn:aws:iam::${account}:user/${name}`;
  return { arn, principal: arn, userId: `AIDA${name}` };
};
const [anna, mallory] = [user("anna"), user("mallory")];

function open(excess: "approve" | "automatic"): World {
  return aWorld({ config: defineConfig({ roles: { [role]: { rollback: { excess, missing: excess } } } }) });
}

async function give(
  world: World,
  person: Person,
  fields: object,
  tell: RespondPorts["tell"] = async () => {},
): Promise<AnswerOutcome> {
  const answer = Answer.parse({ ...fields, deployment, id: crypto.randomUUID() });
  return respond(answer, person, { ...world.ports, tell }, world.settings);
}

/** Whether the rogue policy is gone. */
async function isClean(world: World): Promise<boolean> {
  return (await roleNamed(world, role)).inline.length === 0;
}

const hoursFrom = (world: World, hours: number) =>
  instantOf(new Date(world.clock.now().getTime() + hours * 3_600_000));

/** What a person sees of the role's one drift, as they approve it. */
async function planApproval(world: World) {
  const watched = findWatchedRole(world.settings, role);
  assert.ok(watched);
  const observation = await observeRole({ ...watched, uses: [], discovered: false }, world.ports);
  assert.ok(observation.status === "present");
  const { assessments, role: read, now } = observation;
  const [evidence] = assessments;
  assert.ok(evidence);
  const finding = identifyFinding(read, evidence);
  const control = await world.control.load(key);
  const { plan } = planForApproval({ ...watched, role: read, assessments, control, now }, finding);
  return {
    verb: "approve",
    role,
    finding,
    evidence: digestEvidence(evidence),
    plan: { roleId: plan.roleId, steps: plan.steps.map((step) => Step.encode(step)) },
    expires: hoursFrom(world, 24),
  };
}

describe("An approval of a drift", () => {
  it("has the guard carry out exactly the approved steps, at once", async () => {
    const world = open("approve");
    world.act(rogue);
    await world.settle();
    assert.ok(!(await isClean(world)));
    const approval = await planApproval(world);
    assert.equal((await give(world, anna, approval)).status, "recorded");
    await world.settle();
    assert.ok(await isClean(world));
    assert.ok(outcomes(world).includes("done"));
  });

  it("is refused where the drift's actor gives it, and does not count where it came before the report", async () => {
    const world = open("approve");
    world.act(rogue);
    const early = await planApproval(world);
    // The report of the change is still under way.
    assert.equal((await give(world, mallory, early)).status, "recorded");
    await world.settle();
    assert.ok(!(await isClean(world)));
    const refused = await give(world, mallory, await planApproval(world));
    assert.match(refused.status === "refused" ? refused.reason : "", /another person must answer/);
    await world.settle();
    assert.ok(!(await isClean(world)));
  });

  it("does not count at once where the one who gives it widened a drift of somebody else", async () => {
    const world = open("approve");
    world.act(rogue, bob);
    await world.settle();
    world.act({ ...rogue, policyDocument: allow(["iam:*", "s3:*"]) });
    // The report of the second change is still under way.
    assert.equal((await give(world, mallory, await planApproval(world))).status, "recorded");
    await world.settle();
    assert.ok(!(await isClean(world)));
  });

  it("of other steps changes nothing, and the finding says what moved", async () => {
    const world = open("approve");
    world.act(rogue);
    await world.settle();
    const approval = await planApproval(world);
    const [step] = approval.plan.steps;
    const other = { ...approval, plan: { ...approval.plan, steps: [step, step] } };
    await give(world, anna, other);
    await world.settle();
    assert.ok(!(await isClean(world)));
    const notes = world.announced.map(({ note }) => note ?? "").join(" ");
    assert.match(notes, /since the approval|not the approved one|another order/);
  });
});

describe("An approval of a drift whose maker was not reported", () => {
  it("counts a quarter of an hour later", async () => {
    const world = aWorld({
      config: defineConfig({ roles: { [role]: { rollback: { excess: "approve" } } } }),
      disorder: () => [],
    });
    world.act(rogue);
    assert.equal((await give(world, anna, await planApproval(world))).status, "recorded");
    await world.settle(800);
    assert.ok(!(await isClean(world)));
    await world.settle();
    assert.ok(await isClean(world));
  });
});

describe("A pause", () => {
  const pauseOf = (world: World) => ({
    verb: "pause",
    role,
    until: hoursFrom(world, 24),
    reason: "maintenance",
  });

  it("holds back the rollback of other people's drift until it is resumed", async () => {
    const world = open("automatic");
    await give(world, anna, pauseOf(world));
    world.act(rogue);
    await world.settle(600);
    assert.ok(!(await isClean(world)));
    await give(world, anna, { verb: "resume", role });
    await world.settle();
    assert.ok(await isClean(world));
  });

  it("ends by itself, and the rollback follows", async () => {
    const world = open("automatic");
    await give(world, anna, pauseOf(world));
    world.act(rogue);
    await world.settle();
    assert.ok(await isClean(world));
  });

  it("by the drift's own actor does not hold for the drift", async () => {
    const world = open("automatic");
    await give(world, mallory, pauseOf(world));
    world.act(rogue);
    await world.settle(600);
    assert.ok(await isClean(world));
  });
});

describe("An exception", () => {
  it("suppresses the finding, and nothing of it is rolled back any more", async () => {
    const world = open("approve");
    world.act(rogue);
    await world.settle();
    const { finding, evidence, expires } = await planApproval(world);
    await give(world, anna, { verb: "suppress", role, finding, evidence, expires, reason: "known" });
    await world.settle();
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["suppressed"],
    );
  });

  it("by the drift's own actor does not hold, whether it came before the report or before the change", async () => {
    for (const isEarly of [true, false]) {
      const world = open("automatic");
      // What the drift would be is known before it is made.
      const model = open("approve");
      model.act(rogue);
      const { finding, evidence } = await planApproval(model);
      const expires = hoursFrom(world, 24);
      const suppress = { verb: "suppress", role, finding, evidence, expires, reason: "trust me" };
      if (!isEarly) world.act(rogue);
      assert.equal((await give(world, mallory, suppress)).status, "recorded");
      if (isEarly) world.act(rogue);
      await world.settle();
      assert.ok(await isClean(world));
      assert.notEqual((await world.findings())[0]?.state, "suppressed");
    }
  });

  it("by the drift's own actor does not hold where the role is never rolled back either", async () => {
    const world = aWorld({ config: defineConfig({ roles: { [role]: {} } }) });
    world.act(rogue);
    await world.settle();
    const { finding, evidence, expires } = await planApproval(world);
    const suppress = { verb: "suppress", role, finding, evidence, expires, reason: "trust me" };
    await give(world, mallory, suppress);
    await world.settle();
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["open"],
    );
    await give(world, anna, suppress);
    await world.settle();
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["suppressed"],
    );
  });

  it("by an actor who is found in CloudTrail later ends then", async () => {
    const config = defineConfig({ roles: { [role]: {} } });
    const world = aWorld({ config, looksUp: true, disorder: () => [] });
    world.act(rogue);
    const { finding, evidence, expires } = await planApproval(world);
    await give(world, mallory, { verb: "suppress", role, finding, evidence, expires, reason: "trust me" });
    await world.sweep();
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["suppressed"],
    );
    await world.settle();
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["open"],
    );
  });

  it("of an undoing covers what comes back, so that it stays", async () => {
    const world = open("automatic");
    world.act(rogue);
    await world.settle();
    const { rollbacks } = await world.control.load(key);
    const [rollback] = rollbacks;
    assert.ok(rollback?.status === "done");
    const { findings } = await world.ports.findings.load(key);
    const accepts = findings.flatMap((each) =>
      rollback.plan.findings.includes(each.id)
        ? [{ finding: each.id, evidence: digestEvidence(each.evidence) }]
        : [],
    );
    const undo = {
      verb: "undo",
      role,
      rollback: rollback.id,
      accepts,
      expires: hoursFrom(world, 24),
      reason: "needed",
    };
    const own = await give(world, mallory, undo);
    assert.match(own.status === "refused" ? own.reason : "", /another person must answer/);
    const told: GivenAnswer[] = [];
    const tell = async (given: GivenAnswer) => void told.push(given);
    assert.equal((await give(world, anna, undo, tell)).status, "recorded");
    // People are told what comes back, by rollback's own record.
    assert.deepEqual(
      told.flatMap(({ undone }) => undone.map(({ severity, evidence: { side } }) => [severity, side])),
      [["CRITICAL", "excess"]],
    );
    const now = await world.ports.roles.read(role);
    assert.ok(now.status === "present");
    const writer = world.iam.writer({ kind: "user", name: "anna" });
    const { plan } = planUndo(rollback.plan.steps, rollback.before, now.role);
    for (const [step, planned] of plan.steps.entries())
      await writer.apply(planned, { rollbackId: "undo", step });
    await world.settle();
    assert.ok(!(await isClean(world)));
    assert.deepEqual(
      (await world.findings()).map(({ state }) => state),
      ["suppressed"],
    );
    assert.equal((await world.control.load(key)).rollbacks.length, 1);
  });
});
