import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { formatRecheck } from "@drift-guard/core/intake/message";
import type { InspectPorts } from "@drift-guard/guard/ports";
import { createHandler, handler } from "../../functions/detect.ts";
import { account, aKey, batchServicePolicy, noon } from "../builders.ts";
import { aWorld, type World } from "../guard/world.ts";
import { aContext, anInvocationTime, failedMessages, queueEvent } from "./invocations.ts";

const roles = ["AWSBatchServiceRole", "ecsTaskExecutionRole"] as const;
const [service, execution] = roles.map((role) => formatRecheck({ role }));
const irrelevant = JSON.stringify({ source: "aws.iam", "detail-type": "Tag Change on Resource", detail: {} });

/** A world in which the managed policy of each role was detached. */
function aDriftedWorld(): World {
  const world = aWorld();
  for (const roleName of roles) {
    const policyArn =
      roleName === "AWSBatchServiceRole"
        ? batchServicePolicy
        : "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    world.act({ call: "DetachRolePolicy", roleName, policyArn });
  }
  return world;
}

/** The event of a change that has no effect on what the role may do. */
function aTagEvent(eventID: string, at: Date) {
  return {
    source: "aws.iam",
    "detail-type": "AWS API Call via CloudTrail",
    account,
    detail: {
      eventID,
      eventTime: at.toISOString(),
      eventSource: "iam.amazonaws.com",
      eventName: "TagRole",
      recipientAccountId: account,
      requestParameters: { roleName: roles[0], tags: [{ key: "build", value: eventID }] },
    },
  };
}

function detectIn({ ports, settings }: World, over: Partial<InspectPorts> = {}) {
  return createHandler(() => ({ ports: { ...ports, ...over }, settings }));
}

/** The names of the roles that have an open finding. */
async function foundIn(world: World): Promise<readonly string[]> {
  return [...new Set((await world.findings()).map(({ role }) => role.name))].sort();
}

describe("detect, in process", () => {
  it("returns the one message of three that it cannot read, and inspects the roles of the others", async () => {
    const world = aDriftedWorld();
    const response = await detectIn(world)(queueEvent(`${service}`, "{", `${execution}`), aContext());
    assert.deepEqual(response, failedMessages("2"));
    assert.deepEqual(await foundIn(world), roles);
  });

  it("returns messages with unknown fields in place of a role, and drops those that concern no role", async () => {
    const world = aDriftedWorld();
    const bodies = [JSON.stringify({ recheck: { name: service } }), irrelevant, "[]", `${execution}`];
    assert.deepEqual(await detectIn(world)(queueEvent(...bodies), aContext()), failedMessages("1", "3"));
    assert.deepEqual(await foundIn(world), ["ecsTaskExecutionRole"]);
  });

  it("drops a message that is not by AWS for its account, and does not return it to the queue", async () => {
    const world = aDriftedWorld();
    const envelope = {
      source: "my.app",
      "detail-type": "AWS API Call via CloudTrail",
      account,
      detail: {
        eventID: "forged",
        eventTime: noon,
        eventSource: "iam.amazonaws.com",
        eventName: "DetachRolePolicy",
        recipientAccountId: account,
        requestParameters: { roleName: roles[0], policyArn: batchServicePolicy },
      },
    };
    const foreign = { ...envelope, source: "aws.iam", account: "999988887777" };
    const bodies = [envelope, foreign].map((each) => JSON.stringify(each));
    assert.deepEqual(await detectIn(world)(queueEvent(...bodies), aContext()), failedMessages());
    assert.deepEqual(await foundIn(world), []);
    const byAws = JSON.stringify({ ...envelope, source: "aws.iam" });
    assert.deepEqual(await detectIn(world)(queueEvent(byAws), aContext()), failedMessages());
    assert.deepEqual(await foundIn(world), [roles[0]]);
  });

  it("reads a role once for all changes that waited in the queue when the read began", async () => {
    const world = aDriftedWorld();
    let reads = 0;
    const detect = detectIn(world, {
      roles: {
        ...world.ports.roles,
        read: (name) => {
          reads += 1;
          return world.ports.roles.read(name);
        },
      },
    });
    const batchOf = (first: number, sentAt: Date) => {
      const events = Array.from({ length: 10 }, (_, index) => aTagEvent(`${first + index}`, sentAt));
      const { Records } = queueEvent(...events.map((event) => JSON.stringify(event)));
      const attributes = { SentTimestamp: `${sentAt.getTime()}` };
      return { Records: Records.map((record) => ({ ...record, attributes })) };
    };
    const sentAt = world.clock.now();
    world.clock.advance(2);
    await detect(batchOf(0, sentAt), aContext());
    assert.equal(reads, 1);
    await detect(batchOf(10, sentAt), aContext());
    assert.equal(reads, 1);
    assert.deepEqual(await foundIn(world), [roles[0]]);
    const later = world.clock.now();
    world.clock.advance(3);
    await detect(batchOf(20, later), aContext());
    assert.equal(reads, 2);
  });

  it("returns the message of a role whose ledger cannot be loaded, and inspects the others", async () => {
    const world = aDriftedWorld();
    const { findings } = world.ports;
    const load: typeof findings.load = async (role) => {
      if (role.name === "AWSBatchServiceRole") throw new StoreUnavailableError("The table is not there.");
      return findings.load(role);
    };
    const response = await detectIn(world, { findings: { ...findings, load } })(
      queueEvent(`${service}`, `${execution}`, irrelevant),
      aContext(),
    );
    assert.deepEqual(response, failedMessages("1"));
    assert.deepEqual(await foundIn(world), ["ecsTaskExecutionRole"]);
  });

  it("returns the messages that it has no time for, and keeps what it recorded before", async () => {
    const world = aDriftedWorld();
    const { findings } = world.ports;
    const { context, spend } = anInvocationTime();
    const commit: typeof findings.commit = (each) => {
      spend();
      return findings.commit(each);
    };
    const response = await detectIn(world, { findings: { ...findings, commit } })(
      queueEvent(`${service}`, `${execution}`, irrelevant),
      context,
    );
    assert.deepEqual(response, failedMessages("2", "3"));
    assert.deepEqual(await foundIn(world), ["AWSBatchServiceRole"]);
  });

  it("does nothing twice when SQS delivers a message again", async () => {
    const world = aDriftedWorld();
    const detect = detectIn(world);
    const event = queueEvent(`${service}`);
    assert.deepEqual(await detect(event, aContext()), failedMessages());
    const { version } = await world.ports.findings.load(aKey());
    assert.deepEqual(await detect(event, aContext()), failedMessages());
    assert.equal((await world.ports.findings.load(aKey())).version, version);
  });

  it("schedules a recheck of each role that a change concerns", async () => {
    const world = aWorld();
    const bodies: string[] = [];
    world.iam.onEvent((envelope) => bodies.push(JSON.stringify(envelope)));
    world.act({ call: "DetachRolePolicy", roleName: "AWSBatchServiceRole", policyArn: batchServicePolicy });
    const rechecked: string[] = [];
    const rechecks = { schedule: async ({ role }: { role: string }) => void rechecked.push(role) };
    assert.deepEqual(
      await detectIn(world, { rechecks })(queueEvent(...bodies), aContext()),
      failedMessages(),
    );
    assert.deepEqual(rechecked, ["AWSBatchServiceRole"]);
  });

  it("throws for an event that is not SQS's", async () => {
    for (const event of [undefined, {}, { Records: [{ body: "{}" }] }])
      await assert.rejects(detectIn(aWorld())(event, aContext()), { name: "MessageUnreadableError" });
  });

  it("throws a ConfigError that names each missing environment variable", async () => {
    await assert.rejects(handler(queueEvent(), aContext()), {
      name: "ConfigError",
      message: /FINDINGS_TABLE.*CONTROL_TABLE.*CHANGES_QUEUE_URL/s,
    });
  });

  it("throws a ConfigError where its ARN names no account", async () => {
    const context = { ...aContext(), invokedFunctionArn: "detect" };
    await assert.rejects(detectIn(aWorld())(queueEvent(), context), {
      name: "ConfigError",
      message: /"detect"/,
    });
  });
});
