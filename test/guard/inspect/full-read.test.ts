import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import { formatRecheck, parseMessage } from "@drift-guard/core/intake/message";
import type { Recheck } from "@drift-guard/core/model/change";
import type { BatchReader, RoleReader } from "@drift-guard/core/ports";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { account, aDefinitionUse, noon } from "../../builders.ts";
import { aWorld, type World } from "../world.ts";

/** What CloudTrail writes for parameters above 100 KB (elastic/detection-rules #4788). */
const omitted = { reason: "requestParameters too large", omitted: true, originalSize: 131_100 };
const openToAll = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }],
});

let events = 0;

/** An EventBridge event of a call by mallory to IAM. */
function anEvent(over: Readonly<Record<string, unknown>> = {}): string {
  events += 1;
  const detail = {
    eventID: `unnamed-${events}`,
    eventTime: noon,
    eventSource: "iam.amazonaws.com",
    eventName: "UpdateAssumeRolePolicy",
    awsRegion: "us-east-1",
    recipientAccountId: account,
    userIdentity: { type: "IAMUser", arn: `arn:aws:iam::${account}:user/mallory`, accountId: account },
    requestParameters: omitted,
    responseElements: null,
    ...over,
  };
  return JSON.stringify({
    source: `aws.${String(detail.eventSource).replace(".amazonaws.com", "")}`,
    "detail-type": "AWS API Call via CloudTrail",
    account,
    detail,
  });
}

interface CountedWorld {
  readonly world: World;
  /** How often the account's pages, and how often single roles were read. */
  readonly reads: { many: number; single: number };
}

/** A world whose trail delivers only events of calls whose target is unknown. */
function aCountedWorld(over: Parameters<typeof aWorld>[0] = {}): CountedWorld {
  const reads = { many: 0, single: 0 };
  const world = aWorld({
    disorder: (bodies) => bodies.filter((body) => body.includes("unnamed-")),
    roles: (reader): RoleReader => ({
      ...reader,
      read: (name) => {
        reads.single += 1;
        return reader.read(name);
      },
      readMany: (names) => {
        reads.many += 1;
        return reader.readMany(names);
      },
    }),
    ...over,
  });
  return { world, reads };
}

function openTrust(world: World): void {
  world.act({ call: "UpdateAssumeRolePolicy", roleName: "ecsTaskExecutionRole", policyDocument: openToAll });
}

describe("A call that succeeded and whose record names no target", () => {
  for (const [what, over] of [
    ["its parameters are omitted, as text", { requestParameters: { ...omitted, omitted: "true" } }],
    ["its parameters are omitted", {}],
    ["its parameters are empty", { requestParameters: {} }],
    ["its parameters are missing", { requestParameters: null }],
    ["its parameters are text of no known form", { requestParameters: "{roleName=ecsTaskExecutionRole}" }],
    ["its parameters are a list", { requestParameters: [{ roleName: "ecsTaskExecutionRole" }] }],
    ["the role's name is no name", { requestParameters: { roleName: { S: "ecsTaskExecutionRole" } } }],
    ["it is another call of IAM", { eventName: "CreatePolicyVersion" }],
    [
      "it is a call to AWS Batch",
      { eventSource: "batch.amazonaws.com", eventName: "UpdateComputeEnvironment" },
    ],
  ] as const) {
    it(`makes the guard read every watched role, twice: ${what}`, async () => {
      const { world, reads } = aCountedWorld();
      openTrust(world);
      const body = anEvent(over);
      world.emit(JSON.parse(body));
      await world.settle();
      const found = (await world.findings()).map(
        ({ role, evidence }) => `${role.name} ${evidence.part.toString()}`,
      );
      assert.deepEqual([...new Set(found)], ["ecsTaskExecutionRole trust"]);
      const [opened] = world.announced;
      assert.equal(opened?.cause.kind, "change");
      assert.equal(reads.many, 2);
    });
  }

  it("names no author for the drift that the read finds", async () => {
    const { world } = aCountedWorld();
    openTrust(world);
    world.emit(JSON.parse(anEvent()));
    await world.settle();
    assert.equal(world.announced[0]?.actor, undefined);
  });

  it("is ignored if the account is another", async () => {
    const { world, reads } = aCountedWorld();
    world.emit(JSON.parse(anEvent({ recipientAccountId: "999999999999" })));
    await world.settle();
    assert.deepEqual(reads, { many: 0, single: 0 });
  });

  it("reads the roles that AWS Batch uses too", async () => {
    const { world } = aCountedWorld();
    await world.ports.usage.record(
      account,
      { kind: "job-definition", region: "us-east-1", name: "render" },
      new Map([["render-job", [aDefinitionUse({ duty: "job" })]]]),
    );
    const inspections = await inspectMessage(parseMessage(anEvent()), world.ports, world.settings);
    assert.ok(inspections.some(({ role }) => role.name === "render-job"));
  });
});

describe("A call to AWS Batch that succeeded and whose record names no target", () => {
  const ofBatch = (eventName: string, over: Readonly<Record<string, unknown>> = {}) =>
    anEvent({ eventSource: "batch.amazonaws.com", eventName, responseElements: omitted, ...over });
  const executionRoleArn = `arn:aws:iam::${account}:role/render-execution`;
  const aDefinition = {
    call: "RegisterJobDefinition",
    jobDefinitionName: "render",
    type: "container",
    containerProperties: { image: "busybox", executionRoleArn },
  } as const;

  it("makes the guard read AWS Batch in its Region: a role that a new job definition needs is missing", async () => {
    const { world } = aCountedWorld();
    await world.actOnBatch(aDefinition);
    world.emit(JSON.parse(ofBatch("RegisterJobDefinition")));
    await world.settle();
    const found = (await world.findings()).map(({ role, evidence }) => `${role.name} ${evidence.part}`);
    assert.deepEqual(found, ["render-execution role"]);
  });

  it("makes the guard read AWS Batch again after recheckSeconds", async () => {
    const { world } = aCountedWorld();
    const { ports, settings, clock } = world;
    await inspectMessage(parseMessage(ofBatch("CreateComputeEnvironment")), ports, settings);
    await world.actOnBatch(aDefinition);
    clock.advance(settings.config.recheckSeconds);
    await receiveDue(world);
    assert.ok((await world.findings()).some(({ role }) => role.name === "render-execution"));
  });

  it("is not met by a read for a call to IAM, and reads each Region once a minute", async () => {
    const { world } = aCountedWorld();
    const { settings } = world;
    const regions: string[] = [];
    const batch: BatchReader = {
      ...world.ports.batch,
      definitions: (region) => {
        regions.push(region);
        return world.ports.batch.definitions(region);
      },
    };
    const ports = { ...world.ports, batch };
    await inspectMessage(parseMessage(anEvent()), ports, settings);
    for (let count = 0; count < 50; count += 1)
      await inspectMessage(parseMessage(ofBatch("RegisterJobDefinition")), ports, settings);
    assert.deepEqual(regions, ["us-east-1"]);
  });

  it("fails if AWS Batch cannot be read, after the roles were read", async () => {
    const { world, reads } = aCountedWorld();
    openTrust(world);
    world.batch.close("us-east-1");
    await assert.rejects(
      inspectMessage(parseMessage(ofBatch("RegisterJobDefinition")), world.ports, world.settings),
      BatchUnreadableError,
    );
    assert.equal(reads.many, 1);
    assert.ok((await world.findings()).length > 0);
  });
});

describe("Many calls whose target is unknown", () => {
  it("lead to one read, and to one recheck, if they arrive together", async () => {
    const { world, reads } = aCountedWorld();
    for (let count = 0; count < 500; count += 1) world.emit(JSON.parse(anEvent()));
    await world.settle();
    // All 500 are processed at one moment of the virtual clock, after the last change.
    assert.deepEqual(reads, { many: 2, single: 0 });
  });

  it("lead to one read a minute, and the last of them to one that begins after it", async () => {
    const { world, reads } = aCountedWorld();
    const { ports, settings, clock } = world;
    for (let second = 0; second < 300; second += 1) {
      if (second === 299) openTrust(world);
      await inspectMessage(parseMessage(anEvent()), ports, settings);
      await receiveDue(world);
      clock.advance(1);
    }
    assert.deepEqual((await world.findings()).length, 0);
    // At 0, 60, 120, 180 and 240 seconds; the rechecks are met by them.
    assert.equal(reads.many, 5);
    await world.settle();
    assert.ok((await world.findings()).length > 0);
    assert.ok(reads.many <= 9, `${reads.many}`);
  });

  it("lead to a read that follows the last of them by recheckSeconds, even if a recheck was the first to read", async () => {
    const times: number[] = [];
    const world = aWorld({
      disorder: () => [],
      roles: (reader): RoleReader => ({
        ...reader,
        readMany: (names) => {
          times.push((world.clock.now().getTime() - Date.parse(noon)) / 1000);
          return reader.readMany(names);
        },
      }),
    });
    const { ports, settings, clock } = world;
    for (let second = 0; second <= 100; second += 1) {
      await receiveDue(world);
      if ([0, 30, 100].includes(second)) await inspectMessage(parseMessage(anEvent()), ports, settings);
      clock.advance(1);
    }
    await world.settle();
    // At 120 seconds, the recheck of the first read comes before the read that the last call requested.
    assert.deepEqual(times, [0, 60, 120, 180, 240]);
  });

  it("lose no read if the process ends while it reads", async () => {
    const { world } = aCountedWorld();
    const { ports, settings } = world;
    openTrust(world);
    const commit = async () => {
      throw new Error("the process ended");
    };
    const dying = { ...ports, findings: { ...ports.findings, commit } };
    const body = anEvent();
    await assert.rejects(inspectMessage(parseMessage(body), dying, settings), /the process ended/);
    // SQS delivers the message again.
    await inspectMessage(parseMessage(body), ports, settings);
    await world.settle();
    assert.ok((await world.findings()).length > 0);
  });

  it("lead to a read each where no store of reads is given", async () => {
    const { world, reads } = aCountedWorld();
    const { fullReads: _, ...ports } = world.ports;
    for (const body of [anEvent(), anEvent()])
      await inspectMessage(parseMessage(body), ports, world.settings);
    assert.equal(reads.many, 2);
  });
});

describe("A refused call whose record names no target", () => {
  it("makes the guard read nothing", async () => {
    const { world, reads } = aCountedWorld();
    world.emit(
      JSON.parse(anEvent({ errorCode: "AccessDenied", errorMessage: "no", requestParameters: null })),
    );
    await world.settle();
    assert.deepEqual(reads, { many: 0, single: 0 });
  });
});

describe("A request for a read of every role", () => {
  it("passes through the changes queue unchanged", () => {
    const request: Recheck = { everyRole: "again", since: "2026-11-22T12:00:00Z", region: "eu-west-1" };
    const message = parseMessage(formatRecheck(request));
    assert.deepEqual(message, { kind: "recheck", recheck: request });
  });

  for (const body of [
    '{"everyRole":"third","since":"2026-11-22T12:00:00Z"}',
    '{"everyRole":"first"}',
    '{"everyRole":1}',
  ]) {
    it(`is unreadable as ${body}`, () => {
      assert.throws(() => parseMessage(body), { name: "MessageUnreadableError" });
    });
  }
});

async function receiveDue({ ports, settings, clock }: World): Promise<void> {
  const { rechecks } = ports;
  if (!("due" in rechecks) || typeof rechecks.due !== "function") throw new assert.AssertionError({});
  const due: readonly Recheck[] = rechecks.due(clock.now());
  for (const recheck of due) await inspectMessage({ kind: "recheck", recheck }, ports, settings);
}
