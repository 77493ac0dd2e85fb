import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRecord } from "@drift-guard/core/intake/message";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account } from "../../builders.ts";
import { aWorld, guardRole, type World, type WorldOptions } from "../world.ts";

const roleName = "AWSServiceRoleForBatch";
const remove: IamCall = { call: "DeleteServiceLinkedRole", roleName };
const guard = { kind: "session", role: guardRole, session: "rollback" } as const;

/** A world in which a compute environment uses the service-linked role, and the guard has recorded that. */
async function aUsedWorld(options: WorldOptions = {}): Promise<World> {
  const world = aWorld(options);
  await world.actOnBatch({
    call: "CreateComputeEnvironment",
    computeEnvironmentName: "training",
    type: "MANAGED",
    computeResources: { type: "FARGATE" },
  });
  await world.settle();
  assert.deepEqual(await openTopics(world), []);
  return world;
}

async function openTopics(world: World): Promise<readonly string[]> {
  const findings = await world.findings();
  return findings
    .filter(({ state }) => state === "open")
    .map(({ evidence }) => (evidence.kind === "note" ? evidence.topic : `${evidence.kind} ${evidence.part}`));
}

const transitionsOn = (world: World, topic: string) =>
  world.announced.filter(({ finding: { evidence } }) => evidence.kind === "note" && evidence.topic === topic);

describe("A service-linked role that is being deleted while AWS Batch uses it", () => {
  it("opens a finding at once with the task and what breaks, and resolves it when the role was kept", async () => {
    const world = await aUsedWorld();
    world.act(remove);
    await world.settle();
    const transitions = transitionsOn(world, "linked-role-deletion");
    assert.deepEqual(
      transitions.map(({ kind }) => kind),
      ["opened", "resolved"],
    );
    const [opened] = transitions;
    assert.ok(opened?.finding.evidence.kind === "note");
    assert.equal(opened.finding.severity, "HIGH");
    assert.equal(opened.actor?.arn, `arn:aws:iam::${account}:user/mallory`);
    const said = opened.finding.evidence.details.join("\n");
    assert.match(said, /asked for at 2026-11-22T12:\d\d:\d\dZ \(task\/aws-service-role\/batch/);
    assert.match(said, /compute environment training in us-east-1/);
    assert.equal((await world.ports.roles.read(roleName)).status, "present");
    assert.deepEqual(await openTopics(world), []);
  });

  it("opens another finding when it is deleted, until the role exists again", async () => {
    const world = await aUsedWorld();
    world.act(remove);
    // IAM does not see the environment, so the deletion succeeds.
    world.iam.setLinkedRoleUsage(roleName, []);
    await world.settle();
    assert.deepEqual(await openTopics(world), ["drift role"]);
    world.act({ call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" });
    await world.settle();
    assert.deepEqual(await openTopics(world), []);
  });

  it("keeps its finding open while the task runs or cannot be read", async () => {
    const world = await aUsedWorld();
    world.iam.deny(guard, ["GetServiceLinkedRoleDeletionStatus"]);
    world.act(remove);
    const before = world.clock.now().getTime();
    await world.settle();
    assert.deepEqual(
      transitionsOn(world, "linked-role-deletion").map(({ kind }) => kind),
      ["opened", "resolved"],
    );
    // A task that cannot be read is rechecked until no deletion takes that long.
    const hours = (world.clock.now().getTime() - before) / 3_600_000;
    assert.ok(hours > 24 && hours < 25, `${hours} hours`);
  });

  it("opens one finding for repeated events, and none where the deletion was refused", async () => {
    const world = await aUsedWorld({ disorder: (bodies) => [...bodies, ...bodies] });
    world.act(remove);
    await world.settle();
    assert.equal(transitionsOn(world, "linked-role-deletion").length, 2);

    world.iam.deny({ kind: "user", name: "eve" }, ["DeleteServiceLinkedRole"]);
    world.iam.call(remove, { kind: "user", name: "eve" });
    await world.settle();
    assert.equal(transitionsOn(world, "linked-role-deletion").length, 2);
    assert.ok(world.announced.some(({ finding }) => finding.evidence.kind === "attempt"));
  });

  it("opens no finding where AWS Batch does not use it", async () => {
    const world = aWorld();
    world.act(remove);
    await world.settle();
    assert.deepEqual(world.announced, []);
  });

  it("is never written by the guard", async () => {
    const world = await aUsedWorld();
    world.act(remove);
    await world.settle();
    assert.deepEqual(
      world.rollbacks.filter(({ status }) => status === "done"),
      [],
    );
  });
});

describe("An edit of a service-linked role", () => {
  it("is reported with the current value: a description by either call, a new tag and a removed one", async () => {
    for (const [call, part, said] of [
      [{ call: "UpdateRole", roleName, description: "mine" }, "description", /reads now "mine"/],
      [{ call: "UpdateRoleDescription", roleName, description: "" }, "description", /has no description now/],
      [{ call: "TagRole", roleName, tags: [{ key: "Team", value: "a" }] }, "tag:Team", /tag Team is now "a"/],
      [{ call: "UntagRole", roleName, tagKeys: ["Team"] }, "tag:Team", /has no tag Team now/],
    ] as const) {
      const world = aWorld();
      world.act(call);
      await world.settle();
      const transitions = transitionsOn(world, "linked-role-edited");
      assert.deepEqual(
        transitions.map(({ kind }) => kind),
        ["opened", "resolved"],
        call.call,
      );
      assert.equal(transitions[0]?.finding.severity, "INFORMATIONAL");
      assert.equal(String(transitions[0]?.finding.evidence.part), part);
      assert.match(JSON.stringify(transitions[0]?.finding.evidence).replaceAll("\\", ""), said);
    }
  });

  it("is reported once, for repeated and late events", async () => {
    const bodies: string[] = [];
    const world = aWorld({
      disorder: (given) => {
        bodies.push(...given);
        return [...given, ...given];
      },
    });
    world.act({ call: "UpdateRole", roleName, description: "mine" });
    await world.settle();
    for (const body of bodies) world.emit(JSON.parse(body));
    await world.settle();
    assert.equal(transitionsOn(world, "linked-role-edited").length, 2);
  });

  it("is reported again for another edit", async () => {
    const world = aWorld();
    world.act({ call: "UpdateRole", roleName, description: "mine" });
    await world.settle();
    world.clock.advance(60);
    world.act({ call: "UpdateRole", roleName, description: "yours" });
    await world.settle();
    assert.deepEqual(
      transitionsOn(world, "linked-role-edited").map(({ kind }) => kind),
      ["opened", "resolved", "reopened", "resolved"],
    );
  });

  it("is not reported for another role", async () => {
    const world = aWorld();
    world.act({ call: "UpdateRole", roleName: "AWSBatchServiceRole", description: "mine" });
    world.act({ call: "TagRole", roleName: "AWSBatchServiceRole", tags: [{ key: "a", value: "b" }] });
    await world.settle();
    assert.deepEqual(world.announced, []);
  });
});

describe("A record of an edit", () => {
  const record = (eventName: string, requestParameters: unknown) => {
    const message = parseRecord({
      eventID: "6c1eed73-00ee-4810-8009-c9ce5990c100",
      eventTime: "2026-11-22T12:00:00Z",
      eventSource: "iam.amazonaws.com",
      eventName,
      requestParameters,
    });
    assert.ok(message.kind === "change");
    return message.change.edits?.map(String);
  };

  it("names the edited parts, each once", () => {
    const tags = [{ key: "a", value: "1" }, { key: "a", value: "2" }, { value: "3" }, null];
    assert.deepEqual(record("TagRole", { roleName, tags }), ["tag:a"]);
    assert.deepEqual(record("UntagRole", { roleName, tagKeys: ["a", 7, "b"] }), ["tag:a", "tag:b"]);
    assert.deepEqual(record("UpdateRole", { roleName, description: "" }), ["description"]);
  });

  it("names none where it edits none or is malformed", () => {
    assert.equal(record("UpdateRole", { roleName, maxSessionDuration: 7200 }), undefined);
    for (const tags of [null, "None", { key: "a" }, 7])
      assert.equal(record("TagRole", { roleName, tags }), undefined);
  });
});
