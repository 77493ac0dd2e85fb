import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { detach } from "../../drift-calls.ts";
import { CrashError } from "../../world.ts";
import { attackedWorld, cleanTrust, isRestored, own, refusalAt, roleName, stranger, trust } from "./stage.ts";

const close: IamCall = { call: "UpdateAssumeRolePolicy", roleName, policyDocument: cleanTrust };
const limit = (maxSessionDuration: number): IamCall => ({ call: "UpdateRole", roleName, maxSessionDuration });
const hour = 3600;
const wait = { sessions: "wait" } as const;

describe("A session that began while the trust policy was open", () => {
  it("counts from the end of that time, though nobody read the role for hours", async () => {
    const world = attackedWorld({ rollback: { ...wait, excess: "off" } });
    world.act(trust(own, stranger));
    world.act(detach);
    await world.settle(1200);
    world.clock.advance(3 * hour);
    world.act(close);
    await world.settle(1200);
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /may have a running session/);
    await world.settle(2 * hour);
    assert.equal(await isRestored(world), true);
  });

  it("counts from the call that closed it, however often the repair was cut off before", async () => {
    let crashes = 4;
    let repairedAt = 0;
    let restoredAt = 0;
    const world = attackedWorld(
      { rollback: wait },
      {
        writer: (door) => ({
          async apply(step, trace) {
            const isRepair = step.call === "iam:UpdateAssumeRolePolicy";
            if (isRepair && crashes > 0) {
              crashes -= 1;
              throw new CrashError("The function was stopped.");
            }
            if (isRepair) repairedAt = world.clock.now().getTime();
            if (step.call === "iam:AttachRolePolicy") restoredAt = world.clock.now().getTime();
            return door.apply(step, trace);
          },
        }),
      },
    );
    world.act(trust(own, stranger));
    world.act(detach);
    await world.settle(3 * hour);
    assert.ok(repairedAt > 0);
    assert.ok(restoredAt >= repairedAt + hour * 1000);
  });

  it("lasts as long as the limit of that time, which the guard had read before", async () => {
    const world = attackedWorld({ rollback: wait });
    world.act(limit(12 * hour));
    await world.settle(hour);
    world.act(trust(own, stranger));
    world.act(close);
    world.act(limit(hour));
    await world.settle(60);
    world.act(detach);
    await world.settle(11 * hour);
    assert.equal(await isRestored(world), false);
  });
});
