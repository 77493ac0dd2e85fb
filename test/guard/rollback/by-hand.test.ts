import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, defineConfig } from "@drift-guard/core/config/config";
import { StepUnansweredError } from "@drift-guard/core/errors";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { addSeconds, instantOf } from "@drift-guard/core/model/instant";
import type { RoleWriter } from "@drift-guard/core/ports";
import { findWatchedRolesWithUses } from "@drift-guard/guard/inspect/discovery";
import { applyByHand } from "@drift-guard/guard/rollback/apply-by-hand";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { type HandPlan, type HandPlanRequest, planByHand } from "@drift-guard/guard/rollback/plan-by-hand";
import { account, allow } from "../../builders.ts";
import { detach, isAsReferenced, open, rogue, roleNamed } from "../drift-calls.ts";
import { aWorld, type World, type WorldOptions } from "../world.ts";

const offConfig = defineConfig({ roles: { AWSBatchServiceRole: {}, ecsTaskExecutionRole: {} } });

function aWorldOf(config: Config = offConfig, more: Omit<WorldOptions, "config"> = {}): World {
  return aWorld({ config, ...more });
}

async function prepare(
  world: World,
  name = "AWSBatchServiceRole",
  over: Partial<HandPlanRequest> = {},
): Promise<HandPlanRequest> {
  const [watched] = await findWatchedRolesWithUses([name], world.ports, world.settings);
  assert.ok(watched);
  const observation = await observeRole(watched, world.ports);
  assert.ok(observation.status === "present");
  const { role, assessments, now } = observation;
  const control = await world.control.load({ account, name });
  const { config } = world.settings;
  return {
    watched,
    role,
    assessments,
    control,
    wanted: undefined,
    insists: false,
    policies: new Map(),
    config,
    now,
    ...over,
  };
}

async function apply(world: World, hand: HandPlan, { role }: HandPlanRequest, writer?: RoleWriter) {
  const waited: number[] = [];
  const ports = {
    roles: world.ports.roles,
    policies: world.ports.policies,
    writer: writer ?? world.ports.writer,
    now: () => world.clock.now(),
    newId: () => "by-hand",
    wait: async (seconds: number) => {
      waited.push(seconds);
      world.clock.advanceTo(new Date(world.clock.now().getTime() + seconds * 1000));
    },
  };
  return { rollback: await applyByHand(hand.plan, role, ports), waited };
}

const callsOf = ({ plan }: HandPlan) => plan.steps.map(({ call }) => call);
const guardOf = ({ drifts }: HandPlan) => drifts.map(({ guard }) => guard.kind);

describe("A plan by hand", () => {
  it("rolls back what the configuration turns off, and says that the guard does not", async () => {
    const world = aWorldOf();
    world.act(detach);
    world.act(rogue);
    const hand = planByHand(await prepare(world));
    assert.deepEqual(callsOf(hand), ["iam:DeleteRolePolicy", "iam:AttachRolePolicy"]);
    assert.deepEqual(guardOf(hand), ["off", "off"]);
    assert.ok(hand.drifts.every(({ planned, why }) => planned && why === undefined));
    assert.equal(hand.refusal, undefined);
  });

  it("says what the guard does by itself, and what it waits for", async () => {
    const rollback = { excess: "automatic", missing: "approve" } as const;
    const world = aWorldOf(defineConfig({ roles: { AWSBatchServiceRole: { rollback } } }));
    world.act(detach);
    world.act(rogue);
    const { drifts } = planByHand(await prepare(world));
    const bySide = new Map(drifts.map(({ drift, guard }) => [drift.side, guard]));
    assert.deepEqual(bySide.get("excess"), { kind: "automatic" });
    assert.deepEqual(bySide.get("missing"), {
      kind: "waits",
      reason: "Its rollback waits for a person's approval.",
    });
  });

  it("says that a new guard only observes, and rolls back all the same", async () => {
    const rollback = { excess: "automatic", missing: "simulate" } as const;
    const world = aWorldOf(defineConfig({ roles: { AWSBatchServiceRole: { rollback } } }));
    world.act(detach);
    world.act(rogue);
    const request = await prepare(world);
    assert.ok(request.control);
    const observing = { version: 1, since: request.now, sweptAt: request.now };
    const hand = planByHand({ ...request, control: { ...request.control, observing } });
    const bySide = new Map(hand.drifts.map(({ drift, guard }) => [drift.side, guard]));
    const guard = bySide.get("excess");
    assert.ok(guard?.kind === "waits");
    assert.match(
      guard.reason,
      /only observes until .*, or until a person ends that: drift-guard rollback enable/,
    );
    assert.equal(guard.until, addSeconds(request.now, 7 * 86_400));
    assert.deepEqual(bySide.get("missing"), { kind: "simulated" });
    assert.deepEqual(callsOf(hand), ["iam:DeleteRolePolicy", "iam:AttachRolePolicy"]);
  });

  it("does not know what the guard waits for if the control record was not read", async () => {
    const rollback = { excess: "automatic" } as const;
    const world = aWorldOf(defineConfig({ roles: { AWSBatchServiceRole: { rollback } } }));
    world.act(detach);
    world.act(rogue);
    const hand = planByHand(await prepare(world, "AWSBatchServiceRole", { control: undefined }));
    const bySide = new Map(hand.drifts.map(({ drift, guard }) => [drift.side, guard.kind]));
    assert.deepEqual(Object.fromEntries(bySide), { excess: "unknown", missing: "off" });
  });

  it("holds the steps of the findings that were asked for, and no others", async () => {
    const world = aWorldOf();
    world.act(detach);
    world.act(rogue);
    const all = planByHand(await prepare(world));
    const excess = all.drifts.find(({ drift }) => drift.side === "excess");
    assert.ok(excess);
    const wanted = [excess.findingId];
    const hand = planByHand(await prepare(world, "AWSBatchServiceRole", { wanted }));
    assert.deepEqual(callsOf(hand), ["iam:DeleteRolePolicy"]);
    assert.notEqual(hand.digest, all.digest);
  });

  it("leaves what a person accepted", async () => {
    const world = aWorldOf();
    world.act(rogue);
    const request = await prepare(world);
    const [drift] = planByHand(request).drifts;
    assert.ok(drift && request.control);
    const expires = instantOf(new Date(Date.parse(request.now) + 60_000));
    const exception = {
      findingId: drift.findingId,
      digest: digestEvidence(drift.drift),
      owner: "ada",
      reason: "migration",
      expires,
    };
    const hand = planByHand({ ...request, control: { ...request.control, exceptions: [exception] } });
    assert.deepEqual(callsOf(hand), []);
    assert.deepEqual(hand.drifts[0]?.guard, {
      kind: "accepted",
      owner: "ada",
      reason: "migration",
      until: expires,
    });
  });

  it("is empty while rollbacks are paused", async () => {
    const world = aWorldOf();
    world.act(rogue);
    const request = await prepare(world);
    assert.ok(request.control);
    const until = instantOf(new Date(Date.parse(request.now) + 60_000));
    const pause = {
      scope: "role",
      by: "arn:aws:iam::123456789012:user/ada",
      at: request.now,
      until,
    } as const;
    const hand = planByHand({
      ...request,
      control: { ...request.control, pauses: [{ ...pause, reason: "incident" }] },
    });
    assert.deepEqual(callsOf(hand), []);
    assert.match(
      hand.drifts[0]?.why ?? "",
      /paused until .* by arn:aws:iam::123456789012:user\/ada: incident/,
    );
  });

  describe("of a role whose trust policy lets in a stranger", () => {
    const opened = { ...open, roleName: "AWSBatchServiceRole" };
    const prepareOpened = async (insists: boolean) => {
      const world = aWorldOf();
      world.act(detach);
      world.act(opened);
      return prepare(world, "AWSBatchServiceRole", { insists });
    };

    it("repairs the trust policy, and says why restoring is not safe", async () => {
      const { plan, drifts } = planByHand(await prepareOpened(false));
      assert.deepEqual([...new Set(plan.steps.map(({ call }) => call))], ["iam:UpdateAssumeRolePolicy"]);
      const restored = drifts.find(({ drift }) => drift.part.kind === "managed");
      assert.deepEqual([restored?.planned, restored?.why === restored?.hazard], [false, true]);
      assert.match(
        restored?.hazard ?? "",
        /trust policy of AWSBatchServiceRole lets in more than its reference/,
      );
    });

    it("restores after it for a person who insists", async () => {
      const { plan, drifts } = planByHand(await prepareOpened(true));
      assert.deepEqual(plan.steps.map(({ call }) => call).slice(0, 1), ["iam:UpdateAssumeRolePolicy"]);
      assert.ok(plan.steps.some(({ call }) => call === "iam:AttachRolePolicy"));
      assert.ok(drifts.every(({ planned }) => planned));
    });
  });

  it("takes insistence to restore on a role that was made anew", async () => {
    const world = aWorldOf();
    world.act(detach);
    const request = await prepare(world);
    assert.ok(request.control?.enrolment);
    const enrolment = { ...request.control.enrolment, roleId: "AROAANOTHER" };
    const anew = { ...request, control: { ...request.control, enrolment } };
    const { plan, drifts } = planByHand(anew);
    assert.deepEqual(plan.steps, []);
    assert.match(drifts[0]?.hazard ?? "", /was deleted and made again/);
    assert.deepEqual(callsOf(planByHand({ ...anew, insists: true })), ["iam:AttachRolePolicy"]);
  });

  it("refuses a role at a path that the configuration does not name", async () => {
    const world = aWorldOf(defineConfig({ roles: { AWSBatchServiceRole: { paths: ["/elsewhere/"] } } }));
    world.act(rogue);
    assert.match(planByHand(await prepare(world)).refusal ?? "", /only at \/elsewhere\//);
  });
});

describe("A rollback by hand", () => {
  it("makes the role as its reference says, trust first", async () => {
    const world = aWorldOf();
    world.act(open);
    const request = await prepare(world, "ecsTaskExecutionRole");
    const { rollback } = await apply(world, planByHand(request), request);
    assert.equal(rollback.status, "done");
    await isAsReferenced(world);
  });

  it("writes nothing to a role that changed after the plan was made", async () => {
    const world = aWorldOf();
    world.act(detach);
    const request = await prepare(world);
    const hand = planByHand(request);
    world.act(rogue);
    const { rollback } = await apply(world, hand, request);
    assert.ok(rollback.status === "failed");
    assert.match(rollback.failure, /changed by somebody else meanwhile/);
    assert.deepEqual((await roleNamed(world, "AWSBatchServiceRole")).attached, []);
  });

  it("looks into a lost answer by a read, and goes on", async () => {
    const world = aWorldOf();
    world.act(detach);
    world.act({ ...rogue, policyName: "other", policyDocument: allow("s3:*") });
    const request = await prepare(world);
    let lost = false;
    const writer: RoleWriter = {
      apply: async (step, trace) => {
        const receipt = await world.ports.writer.apply(step, trace);
        if (lost) return receipt;
        lost = true;
        throw new StepUnansweredError("The connection was closed.");
      },
    };
    const { rollback, waited } = await apply(world, planByHand(request), request, writer);
    assert.deepEqual([rollback.status, waited], ["done", [30]]);
    assert.deepEqual(
      rollback.steps.map(({ outcome }) => outcome?.status),
      ["observed", "done"],
    );
    await isAsReferenced(world);
  });
});
