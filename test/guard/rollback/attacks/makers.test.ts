import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { Answer } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { respond } from "@drift-guard/guard/respond/respond";
import { account } from "../../../builders.ts";
import { deployment } from "../../../core/respond/answers.ts";
import { roleNamed } from "../../drift-calls.ts";
import { bob, mallory, type World } from "../../world.ts";
import { approve, attackedWorld, key, later, put, refusalAt, roleName } from "./stage.ts";

const pipeline = `arn:aws:iam::${account}:role/pipeline`;
const asPipeline: ApiCaller = { kind: "session", role: pipeline, session: "run-7" };
const allowing = (Action: string) => put("extra", { Effect: "Allow", Action, Resource: "*" });
const [narrow, wide] = [allowing("s3:GetObject"), allowing("*")];
const remove = { call: "DeleteRolePolicy", roleName, policyName: "extra" } as const;
const userArn = (name: string) => `arn:aws:iam::${account}:user/${name}`;

const approving = () =>
  attackedWorld({ trustedActors: [pipeline], rollback: { excess: "approve", missing: "approve" } });

async function change(world: World, call: typeof wide | typeof remove, caller: ApiCaller): Promise<void> {
  world.act(call, caller);
  await world.settle(900);
}

async function makersOf(world: World): Promise<readonly string[]> {
  const { causes } = await world.control.load(key);
  return causes.map(({ actor }) => (actor.issuer ?? actor.arn ?? "").split("/").at(-1) ?? "");
}

/** Accepts the drift as a person does. Returns why the answer is refused. */
async function suppress(world: World, name: string): Promise<string> {
  const finding = (await world.findings()).find(({ evidence }) => evidence.part.kind === "inline");
  assert.ok(finding);
  const answer = Answer.parse({
    verb: "suppress",
    role: roleName,
    finding: finding.id,
    evidence: digestEvidence(finding.evidence),
    reason: "known",
    expires: later(world, 30 * 24 * 60),
    deployment,
    id: crypto.randomUUID(),
  });
  const person: Person = { arn: userArn(name), principal: userArn(name), userId: `AIDA${name}` };
  const given = await respond(answer, person, { ...world.ports, tell: async () => {} }, world.settings);
  return given.status === "refused" ? given.reason : given.status;
}

const isRemoved = async (world: World) => (await roleNamed(world, roleName)).inline.length === 0;

describe("Somebody who adds to a trusted actor's drift", () => {
  it("is rolled back, with the part of the trusted actor", async () => {
    const world = attackedWorld({ trustedActors: [pipeline] });
    await change(world, narrow, asPipeline);
    assert.match(await refusalAt(world, "inline"), /whom the configuration trusts/);
    await change(world, wide, mallory);
    assert.equal(await isRemoved(world), true);
  });

  it("cannot accept it, nor keep it by an exception that they gave before", async () => {
    const world = approving();
    await change(world, narrow, asPipeline);
    await change(world, wide, mallory);
    assert.match(await suppress(world, "mallory"), /user\/mallory made the change behind the finding/);
    const [finding] = await world.findings();
    assert.ok(finding);
    const exception = {
      findingId: finding.id,
      digest: digestEvidence(finding.evidence),
      owner: userArn("mallory"),
      reason: "known",
      expires: later(world, 600),
    };
    await world.control.decide(key, { kind: "exception", exception });
    await approve(world, "inline");
    await world.sweep();
    await world.settle(900);
    assert.equal(await isRemoved(world), true);
  });

  it("made none of it once the trusted actor has set it back", async () => {
    const world = approving();
    await change(world, narrow, asPipeline);
    await change(world, wide, mallory);
    assert.deepEqual(await makersOf(world), ["pipeline", "mallory"]);
    await change(world, narrow, asPipeline);
    assert.deepEqual(await makersOf(world), ["pipeline"]);
    assert.match(await refusalAt(world, "inline"), /whom the configuration trusts/);
  });
});

describe("A person who made a drift to which another added", () => {
  it("may not accept it, and no pause of theirs holds for it", async () => {
    const world = attackedWorld({ rollback: { excess: "approve" } });
    await change(world, narrow, bob);
    await change(world, wide, mallory);
    assert.match(await suppress(world, "bob"), /user\/bob made the change behind the finding/);
    const pause = {
      scope: "role",
      by: userArn("bob"),
      at: later(world, 0),
      until: later(world, 600),
      reason: "release",
    } as const;
    await world.control.decide(key, { kind: "pause", pause });
    await approve(world, "inline");
    await world.sweep();
    await world.settle(900);
    assert.equal(await isRemoved(world), true);
  });

  it("may accept what another makes after theirs was removed", async () => {
    const world = attackedWorld({ rollback: { excess: "approve" } });
    await change(world, narrow, bob);
    await change(world, remove, { kind: "user", name: "anna" });
    await change(world, wide, mallory);
    assert.deepEqual(await makersOf(world), ["mallory"]);
    assert.equal(await suppress(world, "bob"), "recorded");
  });

  it("may accept what another makes after theirs was removed within seconds", async () => {
    const world = attackedWorld({ rollback: { excess: "approve" } });
    world.act(narrow, bob);
    await world.settle(20);
    await change(world, remove, { kind: "user", name: "anna" });
    await change(world, wide, mallory);
    assert.deepEqual(await makersOf(world), ["mallory"]);
  });
});

describe("A person who adds to a drift again and again", () => {
  it("is its maker although another takes back what they added last", async () => {
    const world = attackedWorld({ rollback: { excess: "approve" } });
    await change(world, narrow, bob);
    await change(world, allowing("s3:*"), mallory);
    await change(world, wide, bob);
    assert.deepEqual(await makersOf(world), ["bob", "mallory", "bob"]);
    await change(world, allowing("s3:*"), { kind: "user", name: "anna" });
    assert.deepEqual(await makersOf(world), ["bob", "mallory", "anna"]);
  });

  it("is one of its makers once", async () => {
    const world = attackedWorld({ rollback: { excess: "approve" } });
    await change(world, narrow, bob);
    for (const action of ["s3:*", "ec2:*", "sqs:*"]) await change(world, allowing(action), mallory);
    assert.deepEqual(await makersOf(world), ["bob", "mallory"]);
  });
});
