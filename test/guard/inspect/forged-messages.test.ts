import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { formatRecheck, parseMessage } from "@drift-guard/core/intake/message";
import { whyForeign } from "@drift-guard/core/intake/origin";
import type { Recheck } from "@drift-guard/core/model/change";
import type { Instant } from "@drift-guard/core/model/instant";
import type { RoleReader } from "@drift-guard/core/ports";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { aChange, account, anActor, batchServicePolicy, noon, secondsAfterNoon } from "../../builders.ts";
import { detach, kinds } from "../drift-calls.ts";
import { aWorld, type World } from "../world.ts";

const other = "999988887777";
const observing = defineConfig({ roles: { AWSBatchServiceRole: {} } });

interface EventParts {
  readonly envelope?: Readonly<Record<string, unknown>>;
  readonly record?: Readonly<Record<string, unknown>>;
}

/** The body of the event of a DetachRolePolicy by eve at noon. */
function anEvent({ envelope, record }: EventParts = {}): string {
  return JSON.stringify({
    source: "aws.iam",
    "detail-type": "AWS API Call via CloudTrail",
    account,
    region: "us-east-1",
    time: noon,
    ...envelope,
    detail: {
      eventID: "forged-1",
      eventTime: noon,
      eventSource: "iam.amazonaws.com",
      eventName: "DetachRolePolicy",
      awsRegion: "us-east-1",
      recipientAccountId: account,
      userIdentity: { type: "IAMUser", arn: `arn:aws:iam::${account}:user/eve`, accountId: account },
      requestParameters: { roleName: "AWSBatchServiceRole", policyArn: batchServicePolicy },
      ...record,
    },
  });
}

const denied = {
  errorCode: "AccessDenied",
  errorMessage:
    "User: eve is not authorized to perform: iam:DetachRolePolicy on resource: role AWSBatchServiceRole",
  requestParameters: null,
};

/** Hands a message to the guard, as its queue does. Returns how many roles were inspected. */
async function receive({ ports, settings }: World, body: string): Promise<number> {
  return (await inspectMessage(parseMessage(body), ports, settings)).length;
}

/** A world that only observes, with a role that drifted and no event of it. */
function aDriftedWorld(over: Parameters<typeof aWorld>[0] = {}): World {
  const world = aWorld({ config: observing, disorder: () => [], ...over });
  world.act(detach);
  return world;
}

const authors = async (world: World) => (await world.findings()).map(({ causedBy }) => causedBy?.arn);

describe("An event that is not by AWS for this account", () => {
  const cases: Readonly<Record<string, EventParts>> = {
    "has another source": { envelope: { source: "my.app" } },
    "has the source of another service": { envelope: { source: "aws.batch" } },
    "was delivered for another account": { envelope: { account: other } },
    "has a record of another account": { record: { recipientAccountId: other } },
    "is of another account throughout": {
      envelope: { account: other },
      record: { recipientAccountId: other },
    },
    "is a failed job with another source": {
      envelope: { source: "my.app", "detail-type": "Batch Job State Change" },
      record: { status: "FAILED", statusReason: "AccessDenied" },
    },
  };
  for (const [what, parts] of Object.entries(cases)) {
    it(`leads to nothing where it ${what}`, async () => {
      const world = aDriftedWorld();
      assert.equal(await receive(world, anEvent(parts)), 0);
      assert.notEqual(whyForeign(parseMessage(anEvent(parts)), account), undefined);
      assert.deepEqual(await world.findings(), []);
    });
  }

  it("is told from one by AWS", async () => {
    const world = aDriftedWorld();
    assert.equal(whyForeign(parseMessage(anEvent()), account), undefined);
    assert.equal(await receive(world, anEvent()), 1);
    assert.deepEqual(await authors(world), [`arn:aws:iam::${account}:user/eve`]);
  });

  it("is unreadable where it names more roles than a call can", () => {
    const containers = Array.from({ length: 5000 }, (_, index) => ({
      jobRoleArn: `arn:aws:iam::${account}:role/r${index}`,
    }));
    const record = {
      eventSource: "batch.amazonaws.com",
      eventName: "RegisterJobDefinition",
      requestParameters: {
        jobDefinitionName: "d",
        nodeProperties: { nodeRangeProperties: containers.map((container) => ({ container })) },
      },
    };
    const body = anEvent({ envelope: { source: "aws.batch" }, record });
    assert.throws(() => parseMessage(body), { name: "MessageUnreadableError", message: /names \d+ roles/ });
  });

  it("keeps no text longer than 1 KB, and no Region that is no name", () => {
    const long = "x".repeat(100_000);
    const identity = { type: long, arn: `arn:aws:sts::${account}:assumed-role/a/${long}`, accountId: long };
    const record = { ...denied, errorMessage: denied.errorMessage + " ".repeat(9) + long };
    const message = parseMessage(
      anEvent({ record: { ...record, userIdentity: identity, awsRegion: "evil.example/", requestID: long } }),
    );
    if (message.kind !== "change") throw new assert.AssertionError({ message: `it is ${message.kind}` });
    assert.equal(message.change.region, "");
    assert.ok(JSON.stringify(message.change).length < 10_000);
    assert.throws(() => parseMessage(anEvent({ record: { eventID: long } })), {
      name: "MessageUnreadableError",
    });
  });
});

describe("An event of months ago, or of the future", () => {
  for (const eventTime of ["2026-08-01T12:00:00Z", "2027-08-01T12:00:00Z"]) {
    it(`of ${eventTime} leads to a read, and names nobody for the drift that is there now`, async () => {
      const world = aDriftedWorld();
      assert.equal(await receive(world, anEvent({ record: { eventTime } })), 1);
      await world.settle();
      assert.deepEqual(await authors(world), [undefined]);
    });

    it(`of ${eventTime} is no attempt`, async () => {
      const world = aWorld({ config: observing });
      assert.equal(await receive(world, anEvent({ record: { ...denied, eventTime } })), 1);
      assert.deepEqual(await world.findings(), []);
    });
  }

  it("still makes the guard read every role where its target is unknown", async () => {
    const world = aDriftedWorld();
    const record = { eventTime: "2026-08-01T12:00:00Z", requestParameters: { omitted: true } };
    assert.ok((await receive(world, anEvent({ record }))) > 0);
    assert.deepEqual(await authors(world), [undefined]);
  });
});

describe("A replayed event", () => {
  it("names nobody for a drift that returned after it", async () => {
    const world = aWorld({ config: observing });
    world.act(detach);
    await world.settle();
    world.clock.advance(3600);
    world.act({ ...detach, call: "AttachRolePolicy" });
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "resolved"]);
    world.clock.advance(3600);
    // The second detach has no event: it was lost.
    world.iam.call(detach, { kind: "user", name: "trent", sourceIp: "203.0.113.9" });
    assert.equal(await receive(world, anEvent({ record: { eventTime: secondsAfterNoon(0) } })), 1);
    const [finding] = await world.findings();
    assert.equal(finding?.state, "open");
    assert.equal(finding.causedBy, undefined);
  });

  it("of a refused call is not counted again, however many came after it", async () => {
    const world = aWorld({ config: observing });
    const attempt = (index: number) => {
      const eventTime: Instant = secondsAfterNoon(index);
      return anEvent({ record: { ...denied, eventID: `attempt-${index}`, eventTime } });
    };
    for (let index = 0; index < 60; index += 1) await receive(world, attempt(index));
    world.clock.advance(3600);
    await world.settle();
    const before = await world.findings();
    assert.deepEqual(
      before.map(({ state }) => state),
      ["resolved"],
    );
    for (let index = 0; index < 60; index += 1) await receive(world, attempt(index));
    assert.deepEqual(await world.findings(), before);
  });
});

/** A reader whose reads of single roles fail while `fails()` holds, and the seconds after noon of its reads. */
function aThrottledReader(fails: (seconds: number) => boolean) {
  const reads: number[] = [];
  const clockOf: { current?: World } = {};
  const wrap = (reader: RoleReader): RoleReader => ({
    ...reader,
    read: async (name) => {
      const seconds = ((clockOf.current?.clock.now().getTime() ?? 0) - Date.parse(noon)) / 1000;
      reads.push(seconds);
      if (fails(seconds)) throw new RoleUnreadableError(`The role ${name} could not be read: Throttling.`);
      return reader.read(name);
    },
  });
  return { reads, wrap, clockOf };
}

function aThrottledWorld(fails: (seconds: number) => boolean) {
  const { reads, wrap, clockOf } = aThrottledReader(fails);
  const world = aWorld({ config: observing, roles: wrap });
  clockOf.current = world;
  return { world, reads };
}

describe("A role whose reads are throttled", () => {
  it("is read again until it can be, with growing pauses, and its drift then has its author", async () => {
    const { world, reads } = aThrottledWorld((seconds) => seconds < 20 * 60);
    world.act(detach);
    await world.settle();
    assert.deepEqual(
      world.announced.map(({ kind, finding }) => `${kind} ${finding.evidence.kind}`),
      ["opened undecided", "opened drift", "resolved undecided"],
    );
    const drift = world.announced[1]?.finding;
    assert.equal(drift?.causedBy?.arn, `arn:aws:iam::${account}:user/mallory`);
    const pauses = reads.slice(1).map((at, index) => at - (reads[index] ?? 0));
    assert.ok(
      pauses.every((pause) => pause <= 900),
      String(pauses),
    );
    assert.ok(reads.length < 12, String(reads));
  });

  it("is given up after a day, and its finding says so", async () => {
    const { world, reads } = aThrottledWorld(() => true);
    world.act(detach);
    await world.settle();
    assert.ok(reads.length < 150, String(reads.length));
    assert.ok((reads.at(-1) ?? 0) >= 86_400, String(reads.at(-1)));
    const [finding] = await world.findings();
    assert.equal(finding?.state, "open");
    const { evidence } = finding;
    assert.match(evidence.kind === "undecided" ? evidence.reasons.join(" ") : "", /stops.*sweep/);
  });

  it("is waited for by one series of reads, however many changes it has", async () => {
    const { world, reads } = aThrottledWorld((seconds) => seconds < 20 * 60);
    for (let index = 0; index < 100; index += 1) {
      world.clock.advance(1);
      await receive(
        world,
        anEvent({ record: { eventID: `e-${index}`, eventTime: secondsAfterNoon(index) } }),
      );
    }
    await world.settle();
    // Each change has its read and its recheck.
    assert.ok(reads.length <= 215, String(reads.length));
  });

  it("is found among all where the roles behind a changed policy cannot be listed, and the event is tried again", async () => {
    const unlisted = new RoleUnreadableError("iam:ListEntitiesForPolicy could not be called: Throttling.");
    const world = aDriftedWorld({
      roles: (reader) => ({ ...reader, rolesBehind: () => Promise.reject(unlisted) }),
    });
    const policyArn = `arn:aws:iam::${account}:policy/p`;
    const record = { eventName: "SetDefaultPolicyVersion", requestParameters: { policyArn } };
    await assert.rejects(receive(world, anEvent({ record })), unlisted);
    assert.deepEqual(
      (await world.findings()).map(({ role, state }) => `${role.name} ${state}`),
      ["AWSBatchServiceRole open"],
    );
  });

  it("is read again after a sweep that could not read it, until it can be", async () => {
    const { world } = aThrottledWorld((seconds) => seconds < 20 * 60);
    world.iam.call(detach, { kind: "root" });
    const readMany: RoleReader["readMany"] = async function* () {
      yield* [];
      throw new RoleUnreadableError("Throttling");
    };
    Object.assign(world.ports.roles, { readMany });
    await world.sweep();
    await world.settle();
    assert.ok(
      world.announced.some(({ kind, finding }) => kind === "opened" && finding.evidence.kind === "drift"),
    );
  });
});

describe("A forged recheck", () => {
  const bodyOf = (over: Partial<Extract<Recheck, { role: string }>>) =>
    formatRecheck({ role: "AWSBatchServiceRole", ...over });

  for (const began of ["2020-01-01T00:00:00Z", noon, "9999-01-01T00:00:00Z"] as const) {
    it(`that began at ${began} ends, although the role cannot be read`, async () => {
      const { world, reads } = aThrottledWorld(() => true);
      await receive(world, bodyOf({ began }));
      await world.settle();
      assert.ok(reads.length < 150, String(reads.length));
    });
  }

  it("names nobody: neither by a change in the message, nor by one that never happened, nor by one of another role", async () => {
    const world = aDriftedWorld();
    const after = aChange({ writes: `managed:${batchServicePolicy}`, actor: anActor() });
    const ofOther = aChange({ id: "of another role", writes: `managed:${batchServicePolicy}` });
    const named = await world.ports.changes.keep({ account, name: "ecsTaskExecutionRole" }, ofOther);
    await receive(world, JSON.stringify({ recheck: "AWSBatchServiceRole", after, changeId: after.id }));
    await receive(world, bodyOf({ change: named }));
    await receive(world, bodyOf({ change: { id: ofOther.id } }));
    await receive(world, bodyOf({ change: { id: "never" } }));
    assert.deepEqual(await authors(world), [undefined]);
  });

  it("changes nobody's name: the author stays the one whose event was inspected", async () => {
    const world = aDriftedWorld();
    await receive(world, anEvent());
    const mallory = aChange({ id: "m", writes: `managed:${batchServicePolicy}`, actor: anActor() });
    await receive(world, JSON.stringify({ recheck: "AWSBatchServiceRole", after: mallory, changeId: "m" }));
    assert.deepEqual(await authors(world), [`arn:aws:iam::${account}:user/eve`]);
  });

  it("of a deletion that nobody asked for ends", async () => {
    const world = aWorld();
    const name = "AWSServiceRoleForBatch";
    const change = aChange({ at: "2099-01-01T00:00:00Z", call: "iam:DeleteServiceLinkedRole" });
    const named = await world.ports.changes.keep({ account, name }, change);
    await receive(world, bodyOf({ role: name, change: named }));
    await world.settle();
    assert.deepEqual(await world.findings(), []);
  });

  it("is not multiplied: of a thousand for one role, none leads to more than one other", async () => {
    const { world, reads } = aThrottledWorld(() => false);
    for (let index = 0; index < 1000; index += 1) await receive(world, bodyOf({}));
    await world.settle();
    assert.ok(reads.length <= 2000, String(reads.length));
  });

  for (const body of [
    '{"recheck":"a b"}',
    `{"recheck":"${"x".repeat(65)}"}`,
    '{"recheck":"R","began":"yesterday"}',
    '{"recheck":"R","changeId":"c","changeDigest":"none"}',
    '{"everyRole":"first","since":"2026-11-22T12:00:00Z","region":"evil.example/"}',
  ]) {
    it(`is unreadable as ${body.slice(0, 80)}`, () => {
      assert.throws(() => parseMessage(body), { name: "MessageUnreadableError" });
    });
  }

  it("of every role reads AWS Batch in no Region but those of the configuration", async () => {
    const world = aWorld();
    const regions: string[] = [];
    const environments: typeof world.ports.batch.environments = (region) => {
      regions.push(region);
      return world.ports.batch.environments(region);
    };
    const ports = { ...world.ports, batch: { ...world.ports.batch, environments } };
    const body = formatRecheck({ everyRole: "first", since: noon, region: "ap-south-2" });
    await inspectMessage(parseMessage(body), ports, world.settings);
    assert.deepEqual(regions, []);
  });
});
