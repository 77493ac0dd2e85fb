import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account } from "../../builders.ts";
import { detach, isAsReferenced, outcomes, rogue, roleNamed } from "../drift-calls.ts";
import { aWorld, guardRole, type World } from "../world.ts";
import { attackedWorld, own, policy, put, stranger, trust } from "./attacks/stage.ts";
import { assertConcluded, cuttingOff } from "./cut-off.ts";

const key = { account, name: "AWSBatchServiceRole" };

async function rollbacksIn({ control }: World): Promise<readonly Rollback[]> {
  return (await control.load(key)).rollbacks;
}

function hasThief({ announced }: World): boolean {
  return announced.some(({ finding }) => finding.evidence.kind === "impersonation");
}

const policyArn = `arn:aws:iam::${account}:policy/junk`;
const allowAll = { Effect: "Allow", Action: "*", Resource: "*" };
const shield = { Effect: "Deny", Action: "s3:NoSuch", Resource: "*" };

/** Changes of a role, by the calls that undo them. */
const changes: Readonly<Record<string, readonly IamCall[]>> = {
  "iam:AttachRolePolicy and iam:DeleteRolePolicy": [detach, rogue],
  "iam:DetachRolePolicy": [
    { call: "CreatePolicy", policyName: "junk", policyDocument: policy(allowAll) },
    { call: "AttachRolePolicy", roleName: key.name, policyArn },
  ],
  "iam:PutRolePolicy": [put("shield", allowAll, shield)],
  "iam:UpdateAssumeRolePolicy": [trust(own, stranger)],
};

describe("A rollback that is cut off", () => {
  for (const [calls, acts] of Object.entries(changes)) {
    it(`at any of its calls continues, is told once, and makes nobody a thief (${calls})`, async () => {
      for (let moment = 1; ; moment += 1) {
        const cut = cuttingOff(moment);
        const world = attackedWorld({}, cut.options);
        for (const act of acts) world.act(act);
        await world.settle(3600);
        if (!cut.isDone()) break;
        await assertConcluded(world, key.name, moment);
        const open = (await world.findings()).filter(({ state }) => state !== "resolved");
        // The Deny of the policy stays.
        assert.equal(open.length, calls === "iam:PutRolePolicy" ? 1 : 0, `cut off after call ${moment}`);
      }
    });
  }
});

describe("A rollback of 150 inline policies", () => {
  it("runs in one rollback, over several invocations where time runs out", async () => {
    let applied = 0;
    let stopped = 0;
    const world = aWorld({
      // No event comes: the sweep finds the policies.
      disorder: () => [],
      timeLeft: () => {
        if (applied % 40 !== 0 || stopped === applied) return 60_000;
        stopped = applied;
        return 10_000;
      },
      writer: (door) => ({
        apply: (...call) => {
          applied += 1;
          return door.apply(...call);
        },
      }),
    });
    // IAM allows 10,240 characters of inline policies on a role.
    const policyDocument = '{"Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}';
    for (let index = 0; index < 150; index += 1) {
      world.act({ ...rogue, policyName: `rogue-${index}`, policyDocument });
    }
    await world.sweep();
    await world.settle(1800);
    assert.deepEqual((await roleNamed(world, key.name)).inline, []);
    const [rollback, ...others] = await rollbacksIn(world);
    assert.deepEqual([rollback?.status, rollback?.steps.length, others], ["done", 150, []]);
    assert.ok(outcomes(world).includes("continues"));
    assert.equal(hasThief(world), false);
  });
});

describe("A drift that keeps returning", () => {
  it("is undone at once twice, then after growing pauses, and announced as contested once", async () => {
    const world = aWorld();
    for (let round = 0; round < 6; round += 1) {
      if ((await roleNamed(world, key.name)).attached.length > 0) world.act(detach);
      await world.settle(240);
      world.clock.advance(10);
    }
    const contested = world.announced.filter(({ kind }) => kind === "contested");
    assert.equal(contested.length, 1);
    assert.match(
      contested[0]?.note ?? "",
      /rolled it back 3 times within .*, since it came back.*The last time, .*mallory set it/s,
    );
    assert.ok(world.announced.some(({ kind }) => kind === "recurred" || kind === "reopened"));
    await world.settle(7 * 3600);
    await isAsReferenced(world);
  });

  it("does not delay the rollback of another part", async () => {
    const world = aWorld();
    for (let round = 0; round < 4; round += 1) {
      world.act(rogue);
      await world.settle(1);
    }
    world.act(detach);
    await world.settle(1);
    assert.equal((await roleNamed(world, key.name)).attached.length, 1);
  });

  it("is reported as recurred and undone at once inside the recheck window", async () => {
    const world = aWorld();
    world.act(detach);
    await world.settle(1);
    world.clock.advance(5);
    world.act(detach);
    await world.settle(1);
    await isAsReferenced(world);
    const kinds = world.announced.map(({ kind }) => kind);
    assert.deepEqual(kinds, ["opened", "rolled-back", "recurred", "rolled-back"]);
  });
});

describe("A call by the guard's role", () => {
  it("from another session than the function's is critical, and closes by a person's decision only", async () => {
    const world = aWorld();
    world.act(rogue, { kind: "session", role: guardRole, session: "stolen" });
    await world.settle();
    const [thief] = (await world.findings()).filter(({ evidence }) => evidence.kind === "impersonation");
    assert.equal(thief?.state, "open");
    const last = world.announced.findLast(({ finding }) => finding.evidence.kind === "impersonation");
    assert.equal(last?.finding.severity, "CRITICAL");
  });
});
