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

  it("counts although the function was cut off as soon as it had stored who let it begin", async () => {
    let calls = 0;
    let isStored = false;
    let isStopped = true;
    const world = attackedWorld(
      { rollback: { ...wait, excess: "off" } },
      {
        control: (store) => ({
          ...store,
          commit: async (commit) => {
            const stored = await store.commit(commit);
            isStored = stored.causes.length > 0;
            return stored;
          },
        }),
        rollbackCall: async (call) => {
          const answer = await call();
          calls += 1;
          // The message about the finding comes first; the one about its cause is stored.
          if (isStopped && (calls === 1 || isStored)) throw new CrashError("The function was stopped.");
          return answer;
        },
      },
    );
    world.act(trust(own, stranger));
    await world.settle(10);
    assert.ok(isStored);
    isStopped = false;
    world.act(close);
    world.act(detach);
    await world.settle(40);
    assert.equal(await isRestored(world), false);
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
