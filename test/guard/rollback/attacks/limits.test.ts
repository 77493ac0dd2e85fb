import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listPolicyTexts } from "@drift-guard/core/evaluate/policy-texts";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import { account, batchServicePolicy } from "../../../builders.ts";
import { detach, rogue, roleNamed } from "../../drift-calls.ts";
import { guardRole } from "../../world.ts";
import {
  attackedWorld,
  isQuiet,
  isRestored,
  key,
  own,
  policy,
  put,
  refusalAt,
  roleName,
  stranger,
  trust,
} from "./stage.ts";

const allowAll = { Effect: "Allow", Action: "*", Resource: "*" };

describe("Noise", () => {
  it("of three junk policies does not disarm the rollback of another part", async () => {
    const world = attackedWorld();
    for (let round = 0; round < 4; round += 1) {
      for (const name of ["junk-1", "junk-2", "junk-3"]) world.act(put(name, allowAll));
      await world.settle(1);
    }
    world.act(detach);
    await world.settle(1);
    assert.equal(await isRestored(world), true);
  });

  it("of 22 drifts at once is undone in one rollback", async () => {
    const world = attackedWorld();
    for (let index = 0; index < 22; index += 1) {
      world.act({ ...rogue, policyName: `junk-${index}` });
    }
    await world.settle(600);
    assert.deepEqual((await roleNamed(world, roleName)).inline, []);
    const { rollbacks } = await world.control.load(key);
    assert.ok(rollbacks.length <= 22);
    assert.ok(rollbacks.every(({ status }) => status === "done"));
  });

  it("that uses up the account's cap does not keep critical excess in place", async () => {
    const world = attackedWorld({ restoringPerHour: 1 });
    for (let round = 0; round < 2; round += 1) {
      world.act(detach);
      await world.settle(1);
    }
    assert.equal(await isRestored(world), false);
    world.act(rogue);
    await world.settle(60);
    assert.deepEqual((await roleNamed(world, roleName)).inline, []);
  });

  it("that fills the role's attachments does not keep its own policy away", async () => {
    const world = attackedWorld();
    world.act(detach);
    for (let index = 0; index < 10; index += 1) {
      const policyDocument = policy(allowAll);
      world.act({ call: "CreatePolicy", policyName: `junk-${index}`, policyDocument });
      const policyArn = `arn:aws:iam::${account}:policy/junk-${index}`;
      world.act({ call: "AttachRolePolicy", roleName, policyArn });
    }
    await world.settle(1800);
    assert.equal(await isRestored(world), true);
    assert.equal((await roleNamed(world, roleName)).attached.length, 1);
  });
});

describe("A policy that mixes excess with a Deny", () => {
  it("loses the excess and keeps the Deny, whatever the Deny blocks", async () => {
    const world = attackedWorld();
    const deny = { Effect: "Deny", Action: "s3:NoSuchAction", Resource: "*" };
    world.act(put("shield", allowAll, deny));
    await world.settle(600);
    const [left] = (await roleNamed(world, roleName)).inline;
    assert.ok(left);
    assert.doesNotMatch(left.text, /Allow/);
    assert.match(left.text, /NoSuchAction/);
  });
});

describe("Denies that fill the role's inline policies", () => {
  const junk = (name: string, Action = "s3:DeleteBucket") => ({
    Effect: "Deny",
    Action,
    Resource: Array.from({ length: 95 }, (_, index) => `arn:aws:s3:::${name}-${index}-`.padEnd(58, "x")),
  });
  const attachRogue = (name: string, ...statements: readonly object[]): readonly IamCall[] => [
    { call: "CreatePolicy", policyName: name, policyDocument: policy(allowAll, ...statements) },
    { call: "AttachRolePolicy", roleName, policyArn: `arn:aws:iam::${account}:policy/${name}` },
  ];

  it("do not keep managed policies of Allow * attached, and people are told what replaced them", async () => {
    const world = attackedWorld();
    for (const name of ["rogue-1", "rogue-2", "rogue-3"]) {
      for (const call of attachRogue(name, junk(name))) world.act(call);
    }
    await world.settle(600);
    const role = await roleNamed(world, roleName);
    assert.deepEqual(
      role.attached.map(({ arn }) => arn),
      [batchServicePolicy],
    );
    assert.ok(role.inline.some(({ text }) => text.includes("NotAction")));
    assert.ok(role.inline.every(({ text }) => !text.includes("Allow")));
    assert.ok(
      world.announced.some(
        ({ kind, note }) => kind === "rolled-back" && note?.includes("To put them back") === true,
      ),
    );
    assert.equal(await isQuiet(world), true);
  });

  it("do not keep a managed policy of Allow * in force where they block what the role needs", async () => {
    const world = attackedWorld();
    for (const name of ["rogue-1", "rogue-2", "rogue-3"]) {
      for (const call of attachRogue(name, junk(name, "autoscaling:DescribeAutoScalingGroups")))
        world.act(call);
    }
    await world.settle(600);
    const role = await roleNamed(world, roleName);
    const texts = listPolicyTexts(role).map(parsePolicy);
    const decideOn = (action: string) => decide({ action, resource: "*", context: {} }, texts);
    assert.equal(decideOn("iam:PassRole"), "explicitDeny");
    assert.equal(decideOn("ec2:DescribeInstances"), "allowed");
    assert.match(await refusalAt(world, "managed"), /held back/);
    await world.settle(3600);
    assert.equal(await isQuiet(world), true);
    assert.ok(world.announced.every(({ kind }) => kind !== "contested"));
  });
});

describe("Another deployment that guards the same role", () => {
  it("is named as such once the drift is contested, and both come to rest", async () => {
    const world = attackedWorld();
    const other = {
      kind: "session",
      role: `arn:aws:iam::${account}:role/drift-guard-prod-rollback`,
      session: "rollback",
      userAgent: "aws-sdk-js/3 drift-guard/11111111-1111-1111-1111-111111111111#0",
    } as const;
    for (let round = 0; round < 5; round += 1) {
      if (await isRestored(world)) world.act(detach, other);
      await world.settle(240);
    }
    const contested = world.announced.filter(({ kind }) => kind === "contested");
    assert.equal(contested.length, 1);
    assert.match(contested[0]?.note ?? "", /another deployment of drift-guard set it/);
  });
});

describe("A thief of the guard's credentials", () => {
  const thief = { kind: "session", role: guardRole, session: "rollback" } as const;

  it("is reported although they copy the session's name and the user agent", async () => {
    const world = attackedWorld();
    world.act(detach);
    await world.settle(1);
    const { rollbacks } = await world.control.load(key);
    const userAgent = `aws-sdk-js/3 drift-guard/${rollbacks[0]?.id}#0`;
    world.act(rogue, { ...thief, userAgent });
    await world.settle();
    assert.ok(world.announced.some(({ finding }) => finding.evidence.kind === "impersonation"));
  });

  it("is reported although they make a call that a rollback made before", async () => {
    const world = attackedWorld();
    world.act(detach);
    await world.settle(1200);
    world.act(detach);
    world.act({ ...detach, call: "AttachRolePolicy" }, thief);
    await world.settle();
    assert.ok(world.announced.some(({ finding }) => finding.evidence.kind === "impersonation"));
  });

  it("is reported although the trust policy that they open is repaired at once", async () => {
    const world = attackedWorld();
    world.act(trust(own, stranger), thief);
    await world.settle();
    assert.doesNotMatch((await roleNamed(world, roleName)).trust, /999988887777/);
    assert.ok(world.announced.some(({ finding }) => finding.evidence.kind === "impersonation"));
  });

  it("is told from the guard where its events come twice, late and in another order", async () => {
    const held: string[] = [];
    let isLate = true;
    const world = attackedWorld(
      {},
      {
        disorder: (bodies) => {
          if (!isLate) return [...held.splice(0).reverse(), ...bodies];
          const own = bodies.filter((body) => body.includes("drift-guard-rollback"));
          held.push(...own, ...own);
          return bodies.filter((body) => !own.includes(body));
        },
      },
    );
    world.act(rogue);
    world.act(detach);
    await world.settle(3600);
    isLate = false;
    world.act({ ...rogue, policyName: "other" });
    await world.settle();
    assert.ok(!world.announced.some(({ finding }) => finding.evidence.kind === "impersonation"));
  });
});
