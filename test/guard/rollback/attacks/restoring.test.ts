import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { defineReference } from "@drift-guard/core/reference/reference";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account, allow } from "../../../builders.ts";
import { detach, roleNamed } from "../../drift-calls.ts";
import type { aWorld } from "../../world.ts";
import {
  accept,
  approve,
  attackedWorld,
  cleanTrust,
  isRestored,
  key,
  letIn,
  look,
  own,
  policy,
  put,
  refusalAt,
  remake,
  roleName,
  stranger,
  trust,
} from "./stage.ts";

/** Trust policies that let a stranger in, by how they do it. */
const openings: Readonly<Record<string, readonly object[]>> = {
  "a statement of its own": [own, stranger],
  "a second principal": [letIn({ Service: "batch.amazonaws.com", AWS: "999988887777" })],
  "everybody under a condition": [
    own,
    letIn("*", { Condition: { StringLike: { "aws:PrincipalArn": "arn:aws:iam::9999*" } } }),
  ],
  NotPrincipal: [
    own,
    {
      Effect: "Allow",
      NotPrincipal: { AWS: `arn:aws:iam::${account}:root` },
      Action: "sts:AssumeRole",
    },
  ],
  "another service": [own, letIn({ Service: "lambda.amazonaws.com" })],
  "another action": [own, { ...letIn({ AWS: "999988887777" }), Action: "sts:*" }],
};

describe("Somebody who wants the guard to restore permissions for them", () => {
  for (const [how, statements] of Object.entries(openings)) {
    it(`gets nothing by a trust policy that lets them in by ${how}`, async () => {
      const world = attackedWorld();
      world.act(trust(...statements));
      world.act(detach);
      await world.settle();
      assert.equal(await isRestored(world), false);
      assert.match(await refusalAt(world, "managed"), /trust policy .* lets in more|running session/);
    });
  }

  it("gets nothing by a trust policy that lets them in and is closed again before anybody reads it", async () => {
    const world = attackedWorld();
    world.act(trust(own, stranger));
    world.clock.advance(2);
    world.act({ call: "UpdateAssumeRolePolicy", roleName, policyDocument: cleanTrust });
    await world.settle();
    world.act(detach);
    await world.settle();
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /may have a running session/);
  });

  for (const order of ["lengthened before", "lengthened after"] as const) {
    it(`gets nothing by such a trust policy in a session that outlives the role's limit, ${order} that`, async () => {
      const world = attackedWorld({ rollback: { sessions: "wait" } });
      const session = (maxSessionDuration: number): IamCall => ({
        call: "UpdateRole",
        roleName,
        maxSessionDuration,
      });
      const calls = [trust(own, stranger), session(43_200)];
      for (const call of order === "lengthened before" ? calls.toReversed() : calls) world.act(call);
      world.clock.advance(2);
      for (const call of [session(3600), trust(own)]) world.act(call);
      await world.settle();
      world.act(detach);
      await world.settle(3 * 3600);
      assert.equal(await isRestored(world), false);
      assert.match(await refusalAt(world, "managed"), /may have a running session/);
      await world.settle(10 * 3600);
      assert.equal(await isRestored(world), true);
    });
  }

  it("gets nothing by such a trust policy while rollback's reads are throttled", async () => {
    let isThrottled = true;
    const world = attackedWorld(
      {},
      {
        rollbackRoles: (reader) => ({
          async read(name) {
            if (isThrottled) throw new RoleUnreadableError("Throttling: Rate exceeded");
            return reader.read(name);
          },
        }),
      },
    );
    world.act(trust(own, stranger));
    world.clock.advance(2);
    world.act({ call: "UpdateAssumeRolePolicy", roleName, policyDocument: cleanTrust });
    await world.settle(60);
    isThrottled = false;
    world.act(detach);
    await world.settle(1800);
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /may have a running session/);
  });

  it("gets nothing by sessions that began before a shorter limit was set", async () => {
    const world = attackedWorld({ rollback: { sessions: "wait" } });
    world.act({ call: "UpdateRole", roleName, maxSessionDuration: 43_200 });
    world.act(trust(own, stranger));
    await world.settle(600);
    world.act({ call: "UpdateRole", roleName, maxSessionDuration: 3600 });
    world.act(detach);
    await world.settle(6 * 3600);
    assert.equal(await isRestored(world), false);
    await world.settle(7 * 3600);
    assert.equal(await isRestored(world), true);
  });

  it("gets nothing by a trust policy that lets them in and that a person accepted", async () => {
    const world = attackedWorld({ rollback: { excess: "approve", sessions: "wait" } });
    world.act(trust(own, stranger));
    await world.settle();
    await accept(world, "trust");
    world.act(detach);
    await world.settle(3 * 3600);
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /accepted that, but not that those whom it lets in/);
    world.act({ call: "UpdateAssumeRolePolicy", roleName, policyDocument: cleanTrust });
    await world.settle(1800);
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /may have a running session/);
    await world.settle(2 * 3600);
    assert.equal(await isRestored(world), true);
  });

  it("gets nothing by an approval that was given before they were let in", async () => {
    const world = attackedWorld({ rollback: { excess: "off", missing: "approve" } });
    world.act(detach);
    await world.settle();
    await approve(world, "managed");
    // The approval waits for its message, and the trust policy opens meanwhile.
    world.act(trust(own, stranger));
    await world.settle();
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /given before somebody else was let in/);
    await approve(world, "managed");
    await look(world);
    assert.equal(await isRestored(world), true);
  });

  it("gets nothing by a role that they made anew, and is named", async () => {
    const world = attackedWorld();
    for (const call of remake(cleanTrust)) world.act(call);
    await world.settle();
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /deleted and made again by .*mallory/);
    await approve(world, "managed");
    await look(world);
    assert.equal(await isRestored(world), true);
  });

  it("gets nothing by a role that they made anew at another path", async () => {
    const world = attackedWorld();
    for (const call of remake(cleanTrust, "/mine/")) world.act(call);
    await world.settle();
    await approve(world, "managed");
    await look(world);
    assert.equal(await isRestored(world), false);
  });

  it("gets nothing by a deny-all boundary that they put before they detach", async () => {
    const world = attackedWorld({ rollback: { altered: "off" } });
    const policyDocument = policy({ Effect: "Deny", Action: "*", Resource: "*" });
    world.act({ call: "CreatePolicy", policyName: "stop", policyDocument });
    const permissionsBoundary = `arn:aws:iam::${account}:policy/stop`;
    world.act({ call: "PutRolePermissionsBoundary", roleName, permissionsBoundary });
    world.act(detach);
    await world.settle();
    assert.equal(await isRestored(world), false);
  });

  it("gets nothing while the console's policy revokes older sessions, though its role is clean otherwise", async () => {
    const world = attackedWorld();
    const Condition = { DateLessThan: { "aws:TokenIssueTime": "2026-11-22T12:00:00Z" } };
    world.act(put("AWSRevokeOlderSessions", { Effect: "Deny", Action: "*", Resource: "*", Condition }));
    world.act(detach);
    await world.settle();
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /may contain an incident/);
  });

  it("gets nothing until a person approves, where no read has found the role clean yet", async () => {
    const world = attackedWorld({}, { enrolled: false });
    world.act(detach);
    await world.settle();
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /No read has found/);
  });

  it("still loses the trust policy that lets them in, and the rest follows once their sessions have ended", async () => {
    const world = attackedWorld({ rollback: { sessions: "wait" } });
    world.act(trust(own, stranger));
    world.act(detach);
    await world.settle(60);
    assert.doesNotMatch((await roleNamed(world, roleName)).trust, /999988887777/);
    assert.equal(await isRestored(world), false);
    await world.settle(2 * 3600);
    assert.equal(await isRestored(world), true);
  });
});

describe("A customer-managed policy", () => {
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
  const detachTeam = { call: "DetachRolePolicy", roleName, policyArn: arn } as const satisfies IamCall;

  async function teamWorld(options: Parameters<typeof attackedWorld>[1] = {}) {
    const world = attackedWorld({ references: [team] }, options);
    world.act({ call: "CreatePolicy", policyName: "team", policyDocument: allow("s3:GetObject") });
    world.act(detach);
    world.act({ call: "AttachRolePolicy", roleName, policyArn: arn });
    await world.settle();
    return world;
  }
  const isAttached = async (world: ReturnType<typeof aWorld>) =>
    (await roleNamed(world, roleName)).attached.some((one) => one.arn === arn);

  it("is attached again as long as it is the reference's", async () => {
    const world = await teamWorld();
    world.act(detachTeam);
    await world.settle();
    assert.equal(await isAttached(world), true);
  });

  it("that was made anew under its ARN, with more, is not attached", async () => {
    const world = await teamWorld();
    world.act(detachTeam);
    world.act({ call: "DeletePolicy", policyArn: arn });
    world.act({ call: "CreatePolicy", policyName: "team", policyDocument: allow("*") });
    await world.settle();
    assert.equal(await isAttached(world), false);
    assert.match(await refusalAt(world, "managed"), /differs from the reference/);
  });

  it("whose default version was switched before it is attached is not attached", async () => {
    const world = await teamWorld();
    world.act({
      call: "CreatePolicyVersion",
      policyArn: arn,
      policyDocument: allow("*"),
      setAsDefault: true,
    });
    world.act(detachTeam);
    await world.settle();
    assert.equal(await isAttached(world), false);
  });
});

describe("Two invocations that see the same drift", () => {
  it("restore it once, and count it once against the cap", async () => {
    const world = attackedWorld({ restoringPerHour: 1 });
    world.act(detach);
    for (let count = 0; count < 5; count += 1) {
      await world.ports.requests.send(
        { retry: { role: roleName, due: "2026-11-22T12:00:00Z", findings: [] } },
        0,
      );
    }
    await world.settle(60);
    assert.equal(await isRestored(world), true);
    const { rollbacks } = await world.control.load(key);
    assert.equal(rollbacks.length, 1);
  });
});
