import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { account, noon, secondsAfterNoon } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { attach, detach, roleNamed } from "../drift-calls.ts";
import { aWorld, type World } from "../world.ts";

const key = { account, name: "AWSBatchServiceRole" };

/** Hands rollback the message of a clean read, which claims to be of long ago. */
async function enrol(world: World): Promise<string> {
  const message = { enrol: { role: key.name, at: "2020-01-01T00:00:00Z" } } as const;
  return (await handleRollbackMessage(message, world.ports, world.settings)).status;
}

async function enrolmentIn({ control }: World) {
  return (await control.load(key)).enrolment;
}

describe("The message of a clean read", () => {
  it("enrols the role that rollback itself reads clean, at the time of that read", async () => {
    const world = aWorld({ enrolled: false });
    const { id: roleId } = await roleNamed(world, key.name);
    assert.equal(await enrol(world), "enrolled");
    assert.deepEqual(await enrolmentIn(world), { roleId, at: noon, cleanAt: noon });
    world.clock.advance(600);
    assert.equal(await enrol(world), "enrolled");
    assert.deepEqual(await enrolmentIn(world), { roleId, at: noon, cleanAt: secondsAfterNoon(600) });
  });

  it("enrols no role with drift, unless the owner accepted the drift", async () => {
    const world = aWorld({ enrolled: false });
    world.act(detach);
    assert.equal(await enrol(world), "nothing-to-do");
    await world.settle();
    assert.equal(await enrolmentIn(world), undefined);
    const [finding] = await world.findings();
    assert.ok(finding);
    const exception = {
      findingId: finding.id,
      digest: digestEvidence(finding.evidence),
      owner: "arn:aws:iam::123456789012:user/owner",
      reason: "test",
      expires: instantOf(new Date(world.clock.now().getTime() + 3_600_000)),
    };
    await world.control.decide(key, { kind: "exception", exception });
    assert.equal(await enrol(world), "enrolled");
  });

  it("does not enrol a role that was made anew", async () => {
    const world = aWorld();
    const before = await enrolmentIn(world);
    const { trust } = referenceOf(key.name);
    const again: readonly IamCall[] = [
      detach,
      { call: "DeleteRole", roleName: key.name },
      { call: "CreateRole", roleName: key.name, path: "/service-role/", assumeRolePolicyDocument: trust },
      attach,
    ];
    for (const call of again) world.act(call);
    assert.notEqual((await roleNamed(world, key.name)).id, before?.roleId);
    assert.equal(await enrol(world), "nothing-to-do");
    assert.deepEqual(await enrolmentIn(world), before);
  });
});
