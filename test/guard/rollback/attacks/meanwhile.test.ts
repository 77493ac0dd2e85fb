import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PlannedStep } from "@drift-guard/core/model/plan";
import { defineReference } from "@drift-guard/core/reference/reference";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account, allow } from "../../../builders.ts";
import { detach, rogue, roleNamed } from "../../drift-calls.ts";
import { CrashError, type World } from "../../world.ts";
import {
  attackedWorld,
  cleanTrust,
  isRestored,
  key,
  later,
  own,
  refusalAt,
  remake,
  roleName,
  stranger,
  trust,
} from "./stage.ts";

const close: IamCall = { call: "UpdateAssumeRolePolicy", roleName, policyDocument: cleanTrust };
const arn = `arn:aws:iam::${account}:policy/team`;
const source = { title: "a test", date: "2026-11-22" };
const team = defineReference({
  role: roleName,
  source,
  trust: cleanTrust,
  attachments: [{ arn, version: "v1", document: allow("s3:GetObject"), source }],
  path: "/service-role/",
  boundary: "none",
});
const detachTeam: IamCall = { call: "DetachRolePolicy", roleName, policyArn: arn };

type Config = Parameters<typeof attackedWorld>[0];

/** A world that does something once, at the first call of a kind, before or after it. */
function worldWith(
  call: PlannedStep["call"],
  { before, after }: { readonly before?: () => void; readonly after?: () => void },
  config: Config = {},
): World {
  let isDone = false;
  return attackedWorld(config, {
    writer: (door) => ({
      async apply(step, trace) {
        if (step.call !== call || isDone) return door.apply(step, trace);
        isDone = true;
        before?.();
        const receipt = await door.apply(step, trace);
        after?.();
        return receipt;
      },
    }),
  });
}

const crash = () => {
  throw new CrashError("The function was stopped.");
};

describe("A rollback that was planned before somebody changed more", () => {
  async function settleTeam(world: World): Promise<void> {
    world.act({ call: "CreatePolicy", policyName: "team", policyDocument: allow("s3:GetObject") });
    world.act({ call: "AttachRolePolicy", roleName, policyArn: arn });
    world.act(detach);
    await world.settle();
  }
  const isAttached = async (world: World) =>
    (await roleNamed(world, roleName)).attached.some((one) => one.arn === arn);

  it("attaches no policy whose default version was switched since", async () => {
    const switchVersion = () =>
      world.act({
        call: "CreatePolicyVersion",
        policyArn: arn,
        policyDocument: allow("*"),
        setAsDefault: true,
      });
    const world = worldWith("iam:DeleteRolePolicy", { after: switchVersion }, { references: [team] });
    await settleTeam(world);
    world.act(rogue);
    world.act(detachTeam);
    await world.settle();
    assert.equal(await isAttached(world), false);
    assert.match(await refusalAt(world, "managed"), /differs from the reference/);
  });

  it("attaches no policy that was made anew under its ARN while the rollback was cut off", async () => {
    const world = worldWith("iam:AttachRolePolicy", { before: crash }, { references: [team] });
    await settleTeam(world);
    world.act(detachTeam);
    await world.settle(1);
    world.act({ call: "DeletePolicy", policyArn: arn });
    world.act({ call: "CreatePolicy", policyName: "team", policyDocument: allow("*") });
    await world.settle();
    assert.equal(await isAttached(world), false);
    assert.match(await refusalAt(world, "managed"), /differs from the reference/);
  });

  it("restores nothing after somebody could begin a session while it was cut off", async () => {
    const world = worldWith("iam:DeleteRolePolicy", { after: crash });
    world.act(rogue);
    world.act(detach);
    await world.settle(1);
    world.act(trust(own, stranger));
    world.act(close);
    await world.settle();
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /may have a running session/);
  });

  it("goes on after a pause that a person made while it was cut off", async () => {
    const world = worldWith("iam:DeleteRolePolicy", { after: crash });
    world.act(rogue);
    world.act(detach);
    await world.settle(1);
    const by = `arn:aws:iam::${account}:user/on-call`;
    const pause = { scope: "role", by, at: later(world, 0), until: later(world, 60), reason: "x" } as const;
    await world.control.decide(key, { kind: "pause", pause });
    await world.settle(1800);
    assert.equal(await isRestored(world), false);
    await world.settle(3600);
    assert.equal(await isRestored(world), true);
  });

  it("restores nothing to a role that was made anew meanwhile", async () => {
    const again = () => {
      for (const call of remake(cleanTrust).slice(1)) world.act(call);
    };
    const world = worldWith("iam:DeleteRolePolicy", { after: again });
    world.act(rogue);
    world.act(detach);
    await world.settle();
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /deleted and made again/);
  });
});
