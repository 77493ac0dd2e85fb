import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import fc from "fast-check";
import { account, allow, noon } from "../builders.ts";
import { guardingAll, referenceOf } from "../core/watched-roles.ts";
import { attach, detach, isAsReferenced, kinds, open, outcomes, rogue } from "./drift-calls.ts";
import { aWorld, type Disorder, mallory } from "./world.ts";

describe("The guard", () => {
  it("records a role's ARN, at any path, and the reference that it was compared with", async () => {
    const world = aWorld({
      config: defineConfig({ roles: { team: { reference: "ecsTaskExecutionRole" } } }),
    });
    const { trust } = referenceOf("ecsTaskExecutionRole");
    world.act({ call: "CreateRole", roleName: "team", path: "/x/", assumeRolePolicyDocument: trust });
    await world.settle();
    const [finding] = await world.findings();
    assert.equal(finding?.arn, `arn:aws:iam::${account}:role/x/team`);
    assert.equal(finding.reference, "ecsTaskExecutionRole");
    world.act({ call: "DeleteRole", roleName: "team" });
    await world.settle();
    for (const { arn } of await world.findings()) assert.equal(arn, finding.arn);
  });

  it("attaches a detached policy again, and resolves the finding on a later clean read", async () => {
    const world = aWorld();
    world.act(detach);
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "rolled-back", "resolved"]);
    assert.deepEqual(outcomes(world), ["done"]);
    assert.deepEqual(
      world.announced.map(({ cause }) => cause.kind),
      ["change", "rollback", "recheck"],
    );
    await isAsReferenced(world);
  });

  it("names the actor and the call", async () => {
    const world = aWorld();
    world.act(detach);
    await world.settle();
    const [first] = world.announced;
    assert.equal(first?.actor?.arn, `arn:aws:iam::${account}:user/mallory`);
    assert.equal(first?.cause.kind === "change" && first.cause.call, "iam:DetachRolePolicy");
  });

  it("removes a rogue policy and restores an opened trust", async () => {
    const world = aWorld();
    world.act(rogue);
    world.act(open);
    await world.settle();
    assert.deepEqual(outcomes(world), ["done", "done"]);
    assert.deepEqual(
      world.announced.filter(({ kind }) => kind === "opened").map(({ finding }) => finding.severity),
      ["CRITICAL", "CRITICAL"],
    );
    await isAsReferenced(world);
  });

  it("opens no finding for a role that matches its reference", async () => {
    const world = aWorld();
    world.act({ call: "TagRole", roleName: "AWSBatchServiceRole", tags: [{ key: "team", value: "hpc" }] });
    await world.settle();
    assert.deepEqual(kinds(world), []);
  });

  it("records a refused call as an attempt, and resolves it when the role is read unchanged", async () => {
    const world = aWorld();
    const answer = world.iam.call({ call: "DeleteRole", roleName: "AWSServiceRoleForBatch" }, mallory);
    assert.equal(answer.status, "refused");
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "resolved"]);
    assert.equal(world.announced[0]?.finding.evidence.kind, "attempt");
  });

  it("records no attempt for a call that failed without a denial, whoever made it", async () => {
    const calls = [
      ["AttachRolePolicy", "ThrottlingException"],
      ["CreateRole", "EntityAlreadyExistsException"],
      ["DetachRolePolicy", "NoSuchEntityException"],
      ["UpdateAssumeRolePolicy", "ConcurrentModificationException"],
      ["PutRolePolicy", "MalformedPolicyDocumentException"],
    ];
    const caller = `arn:aws:iam::${account}:user/pipeline`;
    for (const trustedActors of [[], [caller]]) {
      const world = aWorld({ config: { ...guardingAll, trustedActors } });
      for (const [eventName, errorCode] of calls) {
        world.emit({
          version: "0",
          id: `e-${eventName}`,
          source: "aws.iam",
          "detail-type": "AWS API Call via CloudTrail",
          account,
          time: noon,
          region: "us-east-1",
          resources: [],
          detail: {
            eventID: `r-${eventName}`,
            eventTime: noon,
            eventSource: "iam.amazonaws.com",
            eventName,
            awsRegion: "us-east-1",
            recipientAccountId: account,
            userIdentity: { type: "IAMUser", arn: caller, accountId: account },
            requestParameters: { roleName: "AWSBatchServiceRole" },
            errorCode,
            errorMessage: "Rate exceeded",
          },
        });
      }
      await world.settle();
      assert.deepEqual(kinds(world), []);
    }
  });

  it("finds drift by the sweep that no event reported", async () => {
    const world = aWorld({ disorder: () => [] });
    world.act(detach);
    await world.settle();
    assert.deepEqual(kinds(world), []);
    await world.sweep();
    assert.deepEqual(kinds(world), ["opened", "rolled-back"]);
    await world.sweep();
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "rolled-back", "resolved"]);
  });

  it("announces a transition again by the sweep until a sink marks it", async () => {
    const world = aWorld();
    world.act(detach);
    await world.settle();
    const [lost] = world.announced;
    assert.ok(lost);
    const commit = { ...lost, id: `${lost.finding.id}#9`, finding: { ...lost.finding, seq: 9 } };
    const ledger = await world.ports.findings.load(lost.finding.role);
    await world.ports.findings.commit({ before: ledger, after: ledger, transitions: [commit] });
    world.clock.advance(3600);
    assert.equal((await world.sweep()).resent, 1);
    assert.equal((await world.sweep()).resent, 0);
  });

  it("inspects a role when a policy changes that is attached to it", async () => {
    const world = aWorld();
    const policyArn = `arn:aws:iam::${account}:policy/extra`;
    world.act({ call: "CreatePolicy", policyName: "extra", policyDocument: allow("ecs:RunTask") });
    world.act({ call: "AttachRolePolicy", roleName: "AWSBatchServiceRole", policyArn });
    await world.settle();
    assert.deepEqual(kinds(world), []);
    world.act({ call: "CreatePolicyVersion", policyArn, policyDocument: allow("iam:*"), setAsDefault: true });
    await world.settle();
    assert.equal(String(world.announced[0]?.finding.evidence.part), `managed:${policyArn}`);
  });

  it("ignores an event of another account", async () => {
    const foreign: Disorder = (bodies) => bodies.map((body) => body.replaceAll(account, "999988887777"));
    const world = aWorld({ disorder: foreign });
    world.act(detach);
    await world.settle();
    assert.deepEqual(kinds(world), []);
  });

  it("opens a finding while a role cannot be read, and resolves it afterwards", async () => {
    let fails = true;
    const world = aWorld({
      roles: (reader) => ({
        ...reader,
        read: (name) =>
          fails ? Promise.reject(new RoleUnreadableError("iam:GetRole was denied")) : reader.read(name),
      }),
    });
    world.act(detach);
    await world.settle(1800);
    assert.deepEqual(
      world.announced.map(({ kind, finding }) => [kind, finding.evidence.kind]),
      [["opened", "undecided"]],
    );
    fails = false;
    await world.sweep();
    await world.settle();
    assert.ok(kinds(world).includes("resolved"));
    await isAsReferenced(world);
  });
});

describe("Duplicated, reversed, late or lost events", () => {
  const disorders: Record<string, Disorder> = {
    "in order": (bodies) => bodies,
    doubled: (bodies) => bodies.flatMap((body) => [body, body]),
    reversed: (bodies) => [...bodies].reverse(),
    "doubled and reversed": (bodies) => [...bodies, ...bodies].reverse(),
    lost: () => [],
  };
  const calls: readonly IamCall[] = [
    detach,
    attach,
    rogue,
    open,
    { ...rogue, policyName: "second", policyDocument: allow("s3:*") },
  ];

  it("end in the same state: every role matches its reference, every finding is resolved, no extra rollback ran", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(calls.slice()),
        fc.constantFrom(...Object.keys(disorders)),
        async (happened, name) => {
          const world = aWorld({ disorder: disorders[name] ?? ((bodies) => bodies) });
          for (const call of happened) world.act(call);
          await world.settle();
          for (let round = 0; round < 3; round += 1) {
            world.clock.advance(3600);
            await world.sweep();
            await world.settle();
          }
          await isAsReferenced(world);
          for (const finding of await world.findings()) assert.equal(finding.state, "resolved", name);
          const { rollbacks } = await world.ports.control.load({ account, name: "AWSBatchServiceRole" });
          assert.ok(rollbacks.length <= 3, `${rollbacks.length} rollbacks`);
        },
      ),
      { numRuns: 60 },
    );
  });
});
