import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Check } from "@drift-guard/core/doctor/check";
import type { DeployedTrail, TrailSelector } from "@drift-guard/core/model/deployed";
import type { Subscriber } from "@drift-guard/core/model/test-message";
import type { DeploymentReader } from "@drift-guard/core/ports";
import { examine } from "@drift-guard/guard/doctor/examine";
import { account } from "../../builders.ts";
import { expected, healthyReader, queuePolicy, read } from "./healthy.ts";

const configuration = { fingerprint: "0123456789abcdef", version: "1.2.3", file: "drift-guard.config.ts" };
const examineWith = (changes: Partial<DeploymentReader> = {}) =>
  examine(expected, configuration, { deployment: healthyReader(changes) });
const unwell = (checks: readonly Check[]) => checks.filter(({ status }) => status !== "ok");

/** Examines a deployment with one change, and returns the only check that is not ok. */
async function findOne(changes: Partial<DeploymentReader>): Promise<Check> {
  const found = unwell(await examineWith(changes));
  assert.equal(found.length, 1, JSON.stringify(found, null, 1));
  return found[0] ?? assert.fail();
}

/** Replaces what is read of the resource of this name, and leaves the others healthy. */
const healthy = healthyReader();
const queueWith = (name: string, change: object): Partial<DeploymentReader> => ({
  queue: async (region, each) => {
    const found = await healthy.queue(region, each);
    return each === name && found.status === "read" ? read({ ...found.value, ...change }) : found;
  },
});
const ruleWith = (name: string, change: object): Partial<DeploymentReader> => ({
  rule: async (each) => {
    const found = await healthy.rule(each);
    return each.name === name && found.status === "read" ? read({ ...found.value, ...change }) : found;
  },
});
const lambdaWith = (name: string, change: object): Partial<DeploymentReader> => ({
  lambda: async (each) => {
    const found = await healthy.lambda(each);
    return each === name && found.status === "read" ? read({ ...found.value, ...change }) : found;
  },
});
const tableWith = (name: string, change: object): Partial<DeploymentReader> => ({
  table: async (each) => {
    const found = await healthy.table(each);
    return each === name && found.status === "read" ? read({ ...found.value, ...change }) : found;
  },
});

describe("doctor", () => {
  it("finds nothing wrong with a healthy deployment, and looks at each of its resources", async () => {
    const checks = await examineWith();
    assert.deepEqual(unwell(checks), []);
    const { rules, queues, functions, tables, topics, trails } = expected;
    for (const [area, count] of [
      ["account", 2],
      ["trail", trails.length],
      ["rule", rules.length],
      ["queue", queues.length],
      ["function", functions.length],
      ["table", tables.length],
      ["schedule", 1],
      ["hub", 1],
      ["topic", topics.length],
      ["configuration", 2],
    ] as const)
      assert.equal(checks.filter((check) => check.area === area).length, count, area);
  });

  it("says what it could not read and why, and never that it is fine", async () => {
    const why = "AccessDenied. Allow it.";
    const denied = async () => ({ status: "unknown", why }) as const;
    const checks = await examineWith({
      identity: denied,
      trails: denied,
      rule: denied,
      queue: denied,
      lambda: denied,
      table: denied,
      schedule: denied,
      hub: denied,
      subscribers: denied,
    });
    for (const { status, text, subject } of checks) {
      assert.equal(status, "unknown", subject);
      assert.match(text, /AccessDenied\. Allow it\./);
    }
  });

  it("says that there is no guard where none of its functions and tables exists", async () => {
    const absent = async () => ({ status: "absent" }) as const;
    const found = unwell(
      await examineWith({ lambda: absent, table: absent, rule: absent, queue: absent, schedule: absent }),
    );
    assert.deepEqual(
      found.map(({ status, text }) => [status, text]),
      [["failed", `No guard is deployed as the stage ci in us-east-1 of account ${account}.`]],
    );
  });

  it("has something to do for every check that is not ok", async () => {
    const absent = async () => ({ status: "absent" }) as const;
    const { lambda } = healthy;
    const checks = await examineWith({
      rule: absent,
      queue: absent,
      table: absent,
      schedule: absent,
      hub: absent,
      subscribers: absent,
      trails: async () => read([]),
      lambda: async (name) => (name.endsWith("respond") ? lambda(name) : { status: "absent" }),
    });
    for (const { next, subject } of unwell(checks)) assert.match(next ?? "", /^[A-Z].*\.$/, subject);
    assert.ok(unwell(checks).length > 30);
  });
});

describe("doctor, of the trail", () => {
  const trail = (change: Partial<DeployedTrail>): DeployedTrail => ({
    arn: "arn:aws:cloudtrail:us-east-1:1:trail/t",
    globalServices: true,
    logging: read(true),
    selectors: read([{ kind: "basic", readWrite: "All", management: true, excludedSources: [] }]),
    ...change,
  });
  const selecting = (...fields: readonly object[]): Partial<DeployedTrail> => ({
    selectors: read([
      {
        kind: "advanced",
        fields: [{ field: "eventCategory", equals: ["Management"] }, ...fields].map((field) => ({
          field: "",
          equals: [],
          notEquals: [],
          hasOther: false,
          ...field,
        })),
      } satisfies TrailSelector,
    ]),
  });
  const judge = async (...trails: readonly DeployedTrail[]) => {
    const checks = await examineWith({ trails: async () => read(trails) });
    const found = checks.find(({ area, region }) => area === "trail" && region === "us-east-1");
    assert.ok(found);
    return found;
  };
  const basic = (change: object): Partial<DeployedTrail> => ({
    selectors: read([{ kind: "basic", readWrite: "All", management: true, excludedSources: [], ...change }]),
  });

  it("fails where none applies, none logs, or none logs management events that write", async () => {
    for (const trails of [
      [],
      [trail({ logging: read(false) })],
      [trail(basic({ management: false }))],
      [trail(basic({ readWrite: "ReadOnly" }))],
      [trail(basic({ excludedSources: ["iam.amazonaws.com"] }))],
      [trail({ selectors: read([]) })],
      [trail(selecting({ field: "readOnly", equals: ["true"] }))],
      [trail(selecting({ field: "eventSource", notEquals: ["batch.amazonaws.com"] }))],
      [trail({ logging: read(false) }), trail(basic({ management: false }))],
    ])
      assert.equal((await judge(...trails)).status, "failed", JSON.stringify(trails));
  });

  it("is fine where one logs them, whatever the others do", async () => {
    for (const change of [
      {},
      basic({ readWrite: "WriteOnly", excludedSources: ["kms.amazonaws.com", "rdsdata.amazonaws.com"] }),
      selecting(),
      selecting(
        { field: "readOnly", equals: ["false"] },
        { field: "eventSource", notEquals: ["kms.amazonaws.com"] },
      ),
    ])
      assert.equal((await judge(trail({ logging: read(false) }), trail(change))).status, "ok");
  });

  it("warns where one logs some of them only", async () => {
    for (const change of [
      selecting({ field: "userIdentity.arn", notEquals: ["arn:aws:iam::1:role/robot"] }),
      selecting({ field: "eventSource", hasOther: true }),
      { globalServices: false },
    ])
      assert.equal((await judge(trail(change))).status, "warning", JSON.stringify(change));
  });

  it("does not know where one of the organization does not show its selectors", async () => {
    const { status, text } = await judge(trail({ selectors: { status: "absent" } }));
    assert.equal(status, "unknown");
    assert.match(text, /trail\/t logs management events is not known/);
  });
});

describe("doctor, of rules", () => {
  const name = "drift-guard-ci-iam";

  it("fails on one that is disabled, with the command that enables it", async () => {
    const { status, command, subject } = await findOne(ruleWith(name, { state: "DISABLED" }));
    assert.deepEqual(
      [status, subject, command],
      ["failed", name, `aws events enable-rule --region us-east-1 --name ${name}`],
    );
    const onBus = await findOne(ruleWith("drift-guard-ci-notify", { state: "DISABLED" }));
    assert.match(onBus.command ?? "", /--event-bus-name drift-guard-ci-bus$/);
  });

  it("fails on one that does not name a watched call, or does not match the sample", async () => {
    const pattern = JSON.stringify({ detail: { eventName: ["AttachRolePolicy"] } });
    const { text } = await findOne(ruleWith(name, { pattern }));
    assert.match(text, /does not name CreateRole, DeleteRole, .* and \d+ more watched calls/);
    for (const broken of ["{", "null", "[]", '{"detail":{"eventName":"all"}}'])
      assert.equal((await findOne(ruleWith(name, { pattern: broken }))).status, "failed", broken);
    const checks = unwell(await examineWith({ matches: async () => read(false) }));
    assert.equal(checks.length, expected.rules.length);
  });

  it("fails on one that has lost its target, and warns of one without a dead-letter queue", async () => {
    assert.match((await findOne(ruleWith(name, { targets: read([]) }))).text, /does not send to/);
    const [rule] = expected.rules;
    const targets = read([{ arn: rule?.target ?? "" }]);
    assert.equal((await findOne(ruleWith(name, { targets }))).status, "warning");
  });

  it("looks at the rules of other Regions there", async () => {
    const { region } = await findOne(ruleWith("drift-guard-ci-batch-eu-west-1", { state: "DISABLED" }));
    assert.equal(region, "eu-west-1");
  });
});

describe("doctor, of queues", () => {
  const changes = expected.queues.find(({ name }) => name === "drift-guard-ci-changes");
  assert.ok(changes);

  it("fails on a dead-letter queue that holds messages, and names its runbook", async () => {
    const { status, text, next } = await findOne(queueWith("drift-guard-ci-changes-missed", { messages: 3 }));
    assert.equal(status, "failed");
    assert.match(text, /holds 3 messages/);
    assert.match(next ?? "", /"ChangesMissed"/);
    const { next: forwarded } = await findOne(
      queueWith("drift-guard-ci-forward-missed-eu-west-1", { messages: 1 }),
    );
    assert.match(forwarded ?? "", /"ForwardMissed"/);
  });

  it("does not mind messages that wait to be processed", async () => {
    assert.deepEqual(unwell(await examineWith(queueWith(changes.name, { messages: 900 }))), []);
  });

  it("fails on one whose policy keeps a rule out, or lets others in", async () => {
    const withoutRule = queuePolicy(changes.arn, changes.rules.slice(1), true);
    assert.match(
      (await findOne(queueWith(changes.name, { policy: withoutRule }))).text,
      /drift-guard-ci-iam/,
    );
    const open = queuePolicy(changes.arn, changes.rules, false);
    assert.match((await findOne(queueWith(changes.name, { policy: open }))).text, /does not deny sending/);
    for (const policy of [undefined, "{", "[]"])
      assert.equal((await findOne(queueWith(changes.name, { policy }))).status, "failed", policy);
  });

  it("fails on one that lost its dead-letter queue", async () => {
    const { text } = await findOne(queueWith(changes.name, { deadLetters: undefined }));
    assert.match(text, /Its dead-letter queue is missing/);
  });
});

describe("doctor, of functions", () => {
  const detect = "drift-guard-ci-detect";
  const mappings = (name: string, state: string, lastResult?: string) => {
    const { queues = [] } = expected.functions.find((each) => each.name === name) ?? {};
    return read(queues.map((source) => ({ source, state, ...(lastResult && { lastResult }) })));
  };

  it("fails on one that may not run at all, with the command that lets it run", async () => {
    const { status, command } = await findOne(lambdaWith(detect, { reserved: read({ concurrency: 0 }) }));
    assert.equal(status, "failed");
    assert.match(command ?? "", /delete-function-concurrency .* --function-name drift-guard-ci-detect$/);
    const some = await examineWith(lambdaWith(detect, { reserved: read({ concurrency: 5 }) }));
    assert.deepEqual(unwell(some), []);
  });

  it("fails on one whose queue or stream is not connected, or no longer", async () => {
    for (const [name, change] of [
      [detect, mappings(detect, "Disabled")],
      [detect, read([])],
      ["drift-guard-ci-publish", read([])],
    ] as const)
      assert.equal((await findOne(lambdaWith(name, { mappings: change }))).status, "failed", name);
  });

  it("warns of one that is being connected, and of trouble with a stream", async () => {
    for (const change of [mappings(detect, "Enabling"), mappings(detect, "Enabled", "PROBLEM: no access")])
      assert.equal((await findOne(lambdaWith(detect, { mappings: change }))).status, "warning");
  });

  it("fails on one that does not exist, or whose last update failed", async () => {
    const absent = async (name: string) =>
      name === detect ? ({ status: "absent" } as const) : healthy.lambda(name);
    assert.match((await findOne({ lambda: absent })).text, /does not exist/);
    assert.equal((await findOne(lambdaWith(detect, { lastUpdate: "Failed" }))).status, "failed");
    assert.equal((await findOne(lambdaWith(detect, { state: "Failed" }))).status, "failed");
  });
});

describe("doctor, of tables", () => {
  const name = "drift-guard-ci-findings";

  it("fails on one whose policy is gone, as that of a restored table, or lets others write", async () => {
    assert.match(
      (await findOne(tableWith(name, { policy: { status: "absent" } }))).text,
      /restored from a backup/,
    );
    for (const policy of ["{", JSON.stringify({ Version: "2012-10-17", Statement: [] })])
      assert.equal((await findOne(tableWith(name, { policy: read(policy) }))).status, "failed", policy);
  });

  it("fails on one without its stream, and warns of one without point-in-time recovery", async () => {
    assert.match((await findOne(tableWith(name, { stream: undefined }))).text, /stream is off/);
    const { status, command } = await findOne(tableWith(name, { recovery: read(false) }));
    assert.equal(status, "warning");
    assert.match(command ?? "", /update-continuous-backups/);
  });
});

describe("doctor, of what surrounds the guard", () => {
  it("fails on a schedule that is disabled, starts something else, or does not exist", async () => {
    for (const schedule of [
      read({ state: "DISABLED", target: expected.schedule.target }),
      read({ state: "ENABLED", target: "arn:aws:lambda:us-east-1:1:function:other" }),
      { status: "absent" } as const,
    ])
      assert.equal((await findOne({ schedule: async () => schedule })).status, "failed");
  });

  it("fails where Security Hub is not enabled", async () => {
    assert.equal((await findOne({ hub: async () => ({ status: "absent" }) })).subject, "Security Hub");
  });

  it("fails where nobody hears the guard, and warns where nobody hears the watch or the alarm of another Region", async () => {
    const unheard = (topic: string, found: readonly Subscriber[]) => ({
      subscribers: async (region: string, each: string) =>
        each.endsWith(topic) ? read(found) : healthy.subscribers(region, each),
    });
    const home = await findOne(
      unheard(":drift-guard-ci-alerts", [{ protocol: "email", address: "o…@example.com", confirmed: false }]),
    );
    assert.equal(home.status, "failed");
    assert.match(home.text, /^NOBODY HEARS THE GUARD.* 1 waits for confirmation\.$/);
    const watch = await findOne(unheard(":drift-guard-ci-watch", []));
    assert.deepEqual(
      [watch.status, watch.text],
      ["warning", "No subscription is confirmed: nobody hears of calls that can blind the guard."],
    );
    assert.equal((await findOne(unheard("-alerts-eu-west-1", []))).status, "warning");
  });

  it("warns of another configuration or version, and of a guard that does not say its own", async () => {
    const judge = async (description: string) =>
      unwell(await examineWith(lambdaWith("drift-guard-ci-respond", { description }))).map(
        ({ subject, status }) => `${status} ${subject}`,
      );
    const both = ["warning configuration", "warning version"];
    assert.deepEqual(await judge("Takes answers (version 1.2.3, configuration ffffffffffffffff)"), [
      "warning configuration",
    ]);
    assert.deepEqual(await judge("Takes answers (version 1.2.4, configuration 0123456789abcdef)"), [
      "warning version",
    ]);
    // Deployments of an earlier version name the configuration alone, or nothing.
    assert.deepEqual(await judge("Takes answers (configuration 0123456789abcdef)"), ["warning version"]);
    assert.deepEqual(await judge("Takes answers"), both);
  });

  it("warns of a clock that is off by a minute, and fails where AWS refuses what it signs", async () => {
    const clock = (aheadSeconds: number) => ({
      identity: async () => read({ arn: "arn:aws:iam::1:user/ada", aheadSeconds }),
    });
    assert.deepEqual(unwell(await examineWith(clock(-59))), []);
    const { status, text } = await findOne(clock(-90));
    assert.deepEqual([status, text], ["warning", "The clock of this machine is 90 s behind."]);
    assert.equal((await findOne(clock(301))).status, "failed");
  });
});
