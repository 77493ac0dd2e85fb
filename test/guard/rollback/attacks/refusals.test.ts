import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StepRefusedError } from "@drift-guard/core/errors";
import type { Step } from "@drift-guard/core/model/plan";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account } from "../../../builders.ts";
import { detach, rogue, roleNamed } from "../../drift-calls.ts";
import type { World, WorldOptions } from "../../world.ts";
import {
  attackedWorld,
  isQuiet,
  isThiefReported,
  own,
  policy,
  put,
  roleName,
  stranger,
  trust,
} from "./stage.ts";

const policyArn = `arn:aws:iam::${account}:policy/junk`;
const allowAll = { Effect: "Allow", Action: "*", Resource: "*" };

/** Calls that cause a drift, by the call that undoes it first. */
const causes = {
  "iam:AttachRolePolicy": [detach],
  "iam:DetachRolePolicy": [
    { call: "CreatePolicy", policyName: "junk", policyDocument: policy(allowAll) },
    { call: "AttachRolePolicy", roleName, policyArn },
  ],
  "iam:DeleteRolePolicy": [rogue],
  "iam:PutRolePolicy": [put("shield", allowAll, { Effect: "Deny", Action: "s3:NoSuch", Resource: "*" })],
  "iam:UpdateAssumeRolePolicy": [trust(own, stranger)],
} satisfies Partial<Record<Step["call"], readonly IamCall[]>>;

const passing = [
  "ConcurrentModification",
  "EntityTemporarilyUnmodifiable",
  "Throttling",
  "ServiceFailureException",
  "ExpiredToken",
];
const lasting = [
  "AccessDenied",
  "LimitExceeded",
  "MalformedPolicyDocument",
  "DeleteConflict",
  "UnmodifiableEntity",
  "NoSuchEntity",
];

/** Has IAM refuse a kind of call, so often. */
function refusing(call: string, code: string, times: number): WorldOptions & { calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    writer: (door) => ({
      apply: async (step, trace) => {
        if (step.call !== call) return door.apply(step, trace);
        calls += 1;
        if (calls > times) return door.apply(step, trace);
        throw new StepRefusedError(`IAM refused ${call}: ${code}.`, code, { requestId: `refused-${calls}` });
      },
    }),
  };
}

const refusals = async (world: World) =>
  (await world.findings()).flatMap((finding) => (finding.state === "open" ? [finding.refusal ?? ""] : []));
// The Deny of the policy stays, and its finding too.
const isOfDeny = (reason: string) => reason.startsWith("The guard removes no Deny");

describe("A step that IAM refuses", () => {
  for (const [call, acts] of Object.entries(causes)) {
    for (const code of passing) {
      it(`for a while (${code}) is tried again within minutes: ${call}`, async () => {
        const world = attackedWorld({}, { ...refusing(call, code, 2), disorder: () => [] });
        for (const act of acts) world.act(act);
        // No event comes, so that only rollback itself can try again.
        await world.sweep();
        await world.settle(10 * 60);
        assert.equal(await isQuiet(world), true);
        // The clean reads after that resolve the finding.
        await world.sweep();
        await world.settle(3600);
        assert.deepEqual(
          (await refusals(world)).filter((reason) => !isOfDeny(reason)),
          [],
        );
      });
    }
    for (const code of call === "iam:AttachRolePolicy" ? lasting : ["AccessDenied", "Throttling"]) {
      it(`for ever (${code}) is named, tried ever more rarely, and no contest: ${call}`, async () => {
        const door = refusing(call, code, Number.POSITIVE_INFINITY);
        const world = attackedWorld({}, door);
        for (const act of acts) world.act(act);
        for (let quarter = 0; quarter < 4; quarter += 1) {
          await world.settle(6 * 3600);
          await world.sweep();
        }
        const open = (await refusals(world)).filter((reason) => !isOfDeny(reason));
        assert.equal(open.length, 1);
        assert.match(open[0] ?? "", new RegExp(code));
        assert.ok(door.calls() <= 12, `${door.calls()} calls`);
        assert.ok(!world.announced.some(({ kind }) => kind === "contested"));
        assert.deepEqual([await isQuiet(world), isThiefReported(world)], [true, false]);
      });
    }
  }

  it("keeps no other part from being rolled back", async () => {
    const world = attackedWorld({}, refusing("iam:UpdateAssumeRolePolicy", "AccessDenied", 99));
    world.act(trust(own, stranger));
    world.act(rogue);
    await world.settle(60);
    assert.deepEqual((await roleNamed(world, roleName)).inline, []);
  });
});
