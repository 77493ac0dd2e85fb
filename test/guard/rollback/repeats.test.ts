import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pause } from "@drift-guard/core/model/control";
import { instantOf } from "@drift-guard/core/model/instant";
import { account, batchServicePolicy } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { detach } from "../drift-calls.ts";
import type { World } from "../world.ts";
import { attackedWorld, isRestored, key, later } from "./attacks/stage.ts";

const day = 86_400;

async function pause(world: World, minutes: number): Promise<void> {
  const made: Pause = {
    scope: "role",
    by: `arn:aws:iam::${account}:user/on-call`,
    at: instantOf(world.clock.now()),
    until: later(world, minutes),
    reason: "maintenance",
  };
  await world.control.decide(key, { kind: "pause", pause: made });
}

/** Returns the transitions while `act` runs, each once: `kind of evidence, kind of transition`. */
async function listen(world: World, act: () => Promise<void>): Promise<readonly string[]> {
  const before = world.announced.length;
  await act();
  const told = new Map(world.announced.slice(before).map((transition) => [transition.id, transition]));
  return [...told.values()].map(({ kind, finding }) => `${finding.evidence.kind} ${kind}`);
}

describe("A drift that comes back after it was resolved", () => {
  it("is reported once, and its refusal once", async () => {
    const world = attackedWorld();
    world.act(detach);
    await world.settle(day);
    await pause(world, 8 * 60);
    const told = await listen(world, async () => {
      world.act(detach);
      await world.settle(3600);
      await world.sweep();
      await world.settle(3600);
    });
    assert.deepEqual(told, ["drift reopened", "drift refused"]);
  });
});

describe("A version by AWS of a policy that is detached", () => {
  it("is neither resolved by that nor reported again when the policy is back", async () => {
    const world = attackedWorld();
    const [{ document = "" } = {}] = referenceOf(key.name).attachments;
    const policy = JSON.parse(document);
    const Statement = [...policy.Statement, { Effect: "Allow", Action: "ec2:DescribeHosts", Resource: "*" }];
    world.publishAwsPolicy({
      arn: batchServicePolicy,
      version: "v99",
      text: JSON.stringify({ ...policy, Statement }),
    });
    await world.sweep();
    await pause(world, 60);
    const told = await listen(world, async () => {
      world.act(detach);
      await world.settle(3 * 3600);
      await world.sweep();
      await world.settle(3600);
    });
    assert.equal(await isRestored(world), true);
    assert.deepEqual(
      told.filter((each) => each.startsWith("vendor-change")),
      [],
    );
  });
});
