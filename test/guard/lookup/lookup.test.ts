import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { TrailUnreadableError } from "@drift-guard/core/errors";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import { lookUpRole } from "@drift-guard/guard/lookup/lookup";
import { account, allow, noon } from "../../builders.ts";
import { guardingAll } from "../../core/watched-roles.ts";
import { kinds, open, rogue } from "../drift-calls.ts";
import { aWorld, bob, type World, type WorldOptions } from "../world.ts";

/** The roles are reported, and never written. */
const watchingAll = defineConfig({
  roles: { AWSBatchServiceRole: {}, AWSServiceRoleForBatch: { required: false }, ecsTaskExecutionRole: {} },
});
const mallorysArn = `arn:aws:iam::${account}:user/mallory`;
const roleArn = `arn:aws:iam::${account}:role/service-role/ecsTaskExecutionRole`;

/** A world whose events are all lost, and that looks up. */
function aSilentWorld(options: WorldOptions = {}): World {
  return aWorld({ config: watchingAll, disorder: () => [], looksUp: true, ...options });
}

/** Adds a session of the execution role to the history. */
function assume(
  world: World,
  how: { readonly at: Instant; readonly region?: string; readonly by?: object },
): void {
  world.history.add({
    eventID: `s-${how.at}`,
    eventTime: how.at,
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRole",
    awsRegion: how.region ?? "us-east-1",
    sourceIPAddress: "198.51.100.4",
    userIdentity: how.by ?? { type: "AWSAccount", accountId: "999988887777", principalId: "AIDASTRANGER" },
    requestParameters: { roleArn, roleSessionName: "exfil" },
    responseElements: { credentials: { accessKeyId: "ASIASTOLEN", sessionToken: "secret" } },
    recipientAccountId: account,
  });
}

const after = (seconds: number): Instant => instantOf(new Date(Date.parse(noon) + seconds * 1000));

describe("A lookup in CloudTrail", () => {
  it("names the author of a drift that the sweep found, with the call", async () => {
    const world = aSilentWorld();
    world.act(rogue);
    await world.settle();
    assert.deepEqual(await world.findings(), []);
    await world.sweep();
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "attributed"]);
    const told = world.announced[1];
    assert.equal(told?.actor?.arn, mallorysArn);
    assert.equal(told.finding.causedBy?.arn, mallorysArn);
    assert.equal(told.finding.origin?.call, "iam:PutRolePolicy");
    assert.deepEqual(
      world.lookups.map(({ attributed }) => attributed),
      [1],
    );
  });

  it("is not made while every author is known", async () => {
    const world = aWorld({ config: watchingAll, looksUp: true });
    world.act(rogue);
    await world.settle();
    await world.sweep();
    await world.settle();
    assert.deepEqual(kinds(world), ["opened"]);
    assert.deepEqual(world.history.asked, []);
  });

  it("names whoever set the part last before the drift was seen, and nobody who changed another part", async () => {
    const world = aSilentWorld();
    world.act(rogue, bob);
    world.act({ ...rogue, policyDocument: allow("s3:*") });
    world.act({ ...rogue, policyName: "other", policyDocument: allow("sqs:*") }, bob);
    await world.sweep();
    world.clock.advanceTo(new Date(world.clock.now().getTime() + 60_000));
    world.act(rogue, bob);
    await world.settle();
    const findings = await world.findings();
    const authors = findings.map(({ evidence, causedBy }) => [String(evidence.part), causedBy?.arn]);
    assert.deepEqual(Object.fromEntries(authors)["inline:other"], `arn:aws:iam::${account}:user/bob`);
    assert.deepEqual(Object.fromEntries(authors)["inline:rogue"], mallorysArn);
  });

  it("tells rollback who made the change, as its event would", async () => {
    const config = defineConfig({
      roles: { ...watchingAll.roles, AWSBatchServiceRole: { rollback: { excess: "approve" } } },
    });
    const world = aSilentWorld({ config });
    world.act(rogue);
    await world.sweep();
    await world.settle();
    const { causes } = await world.control.load({ account, name: "AWSBatchServiceRole" });
    assert.deepEqual(
      causes.map(({ actor }) => actor.arn),
      [mallorysArn],
    );
  });

  it("waits for a call that CloudTrail shows later", async () => {
    const world = aSilentWorld();
    world.history.delay(600);
    world.act(rogue);
    await world.sweep();
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "attributed"]);
    assert.ok(world.lookups.length > 1);
  });

  it("records once that CloudTrail shows nobody, and does not search again", async () => {
    const world = aSilentWorld();
    world.history.delay(Number.MAX_SAFE_INTEGER / 1000);
    world.act(rogue);
    await world.sweep();
    await world.settle();
    const [finding] = await world.findings();
    assert.ok(finding?.unattributed);
    assert.equal(finding.causedBy, undefined);
    const days = (Date.parse(finding.unattributed.at) - Date.parse(finding.unattributed.since)) / 86_400_000;
    assert.equal(Math.ceil(days), 90);
    assert.deepEqual(kinds(world), ["opened"]);
    const asked = world.history.asked.length;
    await world.sweep();
    await world.settle();
    assert.equal(world.history.asked.length, asked);
  });

  it("fails if CloudTrail cannot be read, so that its message returns to the queue", async () => {
    const world = aSilentWorld();
    world.history.close("us-east-1");
    world.act(rogue);
    await world.sweep();
    const request = { role: "AWSBatchServiceRole", began: noon };
    const ports = { ...world.ports, lookups: { send: async () => {} }, trail: world.history };
    await assert.rejects(lookUpRole(request, ports, world.settings), TrailUnreadableError);
  });

  it("tells of the sessions that an open trust policy let in, with the Regions that were read", async () => {
    const config = defineConfig({ ...watchingAll, regions: { batch: ["us-east-1", "eu-west-1"] } });
    const world = aWorld({ config, looksUp: true });
    assume(world, { at: after(-7200) });
    world.act(open);
    assume(world, { at: after(30) });
    assume(world, { at: after(40), region: "eu-west-1" });
    assume(world, { at: after(50), by: { type: "AWSService", invokedBy: "ecs-tasks.amazonaws.com" } });
    world.history.close("us-west-2");
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "sessions-found"]);
    const sessions = world.announced[1]?.finding.sessions;
    assert.deepEqual(sessions?.regions, ["us-east-1", "eu-west-1"]);
    assert.equal(sessions.incomplete, undefined);
    assert.equal(sessions.byServices, 1);
    assert.deepEqual(sessions.issued, [
      {
        at: after(40),
        region: "eu-west-1",
        call: "sts:AssumeRole",
        by: "999988887777",
        sourceIp: "198.51.100.4",
        session: "exfil",
        accessKeyId: "ASIASTOLEN",
      },
      {
        at: after(30),
        region: "us-east-1",
        call: "sts:AssumeRole",
        by: "999988887777",
        sourceIp: "198.51.100.4",
        session: "exfil",
        accessKeyId: "ASIASTOLEN",
      },
    ]);
  });

  it("tells of the sessions after the trust policy was restored, and names a Region that it could not read", async () => {
    const config = defineConfig({ ...guardingAll, regions: { batch: ["us-east-1", "eu-west-1"] } });
    const world = aWorld({ config, looksUp: true });
    world.history.close("eu-west-1");
    world.history.delay(300);
    world.act(open);
    assume(world, { at: after(1) });
    await world.settle();
    const told = world.announced.filter(({ kind }) => kind === "sessions-found");
    assert.equal(told.length, 1);
    assert.equal(told[0]?.finding.state, "resolved");
    assert.deepEqual(told[0].finding.sessions?.incomplete, ["eu-west-1"]);
    assert.equal(told[0].finding.sessions?.issued.length, 1);
  });

  it("tells of no session from after the trust policy was restored", async () => {
    const world = aWorld({ config: guardingAll, looksUp: true });
    world.history.delay(300);
    world.act(open);
    for (let seconds = 1; seconds < 1500; seconds += 60) assume(world, { at: after(seconds) });
    await world.settle();
    const resolved = world.announced.find(({ kind }) => kind === "resolved");
    const { sessions } = world.announced.at(-1)?.finding ?? {};
    assert.ok(resolved && sessions);
    assert.equal(sessions.until, resolved.at);
    assert.deepEqual(
      sessions.issued.filter(({ at }) => isBefore(resolved.at, at)),
      [],
    );
  });

  it("keeps the sessions from before somebody let in others too", async () => {
    const world = aWorld({ config: watchingAll, looksUp: true });
    world.act(open);
    assume(world, { at: after(30) });
    await world.settle();
    const wider = open.policyDocument.replace(
      '"arn:aws:iam::999988887777:root"',
      '["999988887777", "888877776666"]',
    );
    world.act({ ...open, policyDocument: wider }, bob);
    const later = instantOf(new Date(world.clock.now().getTime() + 30_000));
    assume(world, { at: later });
    await world.settle();
    const { sessions, causedBy } = world.announced.at(-1)?.finding ?? {};
    assert.equal(causedBy?.arn, `arn:aws:iam::${account}:user/bob`);
    assert.deepEqual(
      sessions?.issued.map(({ at }) => at),
      [later, after(30)],
    );
    assert.equal(sessions?.since, world.announced[0]?.finding.origin?.at);
  });
});
