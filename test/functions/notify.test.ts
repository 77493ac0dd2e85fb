import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, defineConfig } from "@drift-guard/core/config/config";
import { jointNoticeRequest } from "@drift-guard/core/intake/notice-message";
import type { Control } from "@drift-guard/core/model/control";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore, HubStore } from "@drift-guard/core/ports";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createHubStore } from "@drift-guard/embedded/sqlite/hub";
import { createNoticeStore } from "@drift-guard/embedded/sqlite/notices";
import { createHandler, handler } from "../../functions/notify.ts";
import { aControl, aFinding, aTransition, noon, secondsAfterNoon } from "../builders.ts";
import { aContext, anInvocationTime, busMessage, failedMessages, queueEvent } from "./invocations.ts";
import { aFindingStore, commitFinding, undeliveredIn } from "./stores.ts";

/** Notify over a store; `sent` keeps the texts that it sends, and those that contain `refused` fail. */
function notifyFrom(
  findings: FindingStore,
  refused?: string,
  {
    config = defineConfig({ roles: {} }),
    pauses = [],
    exceptions = [],
    hub,
  }: {
    readonly config?: Config;
    readonly pauses?: Control["pauses"];
    readonly exceptions?: Control["exceptions"];
    readonly hub?: HubStore;
  } = {},
) {
  const sent: string[] = [];
  let now = noon;
  const notices = createNoticeStore(openDatabase(":memory:"));
  const invoke = createHandler(() => ({
    findings,
    notices,
    queue: { requestJointNotice: async () => {} },
    holdSeconds: 50,
    ...(hub && { hub }),
    control: { load: async (role) => aControl({ role, pauses, exceptions }) },
    config,
    now: () => new Date(now),
    send: async ({ text }) => {
      if (refused !== undefined && text.includes(refused)) throw new Error("The topic is not there.");
      sent.push(text);
    },
  }));
  const advance = (seconds: number) => {
    now = instantOf(new Date(Date.parse(now) + seconds * 1000));
  };
  return { invoke, sent, notices, advance };
}

describe("notify, in process", () => {
  it("returns the one message of three that it cannot send, and marks the others as delivered", async () => {
    const store = aFindingStore("notify");
    const transitions = [];
    for (const id of ["first", "second", "third"]) {
      transitions.push(await commitFinding(store, id, { severity: "CRITICAL" }));
    }
    const { invoke, sent } = notifyFrom(store, "role-second");
    assert.deepEqual(
      await invoke(
        queueEvent(...transitions.map(busMessage)),
        aContext(60_000, "drift-guard-production-notify"),
      ),
      failedMessages("2"),
    );
    assert.equal(sent.length, 2);
    assert.deepEqual(await undeliveredIn(store), ["second#1"]);
  });

  it("marks what a user of Security Hub suppressed there as delivered without a message", async () => {
    const store = aFindingStore("notify");
    const transition = await commitFinding(store, "quiet", { severity: "HIGH" });
    const hub = createHubStore(openDatabase(":memory:"));
    await hub.saveFinding(transition.finding.role, "quiet", {
      version: 0,
      workflow: "SUPPRESSED",
      quieting: {
        kind: "suppressed",
        digest: digestEvidence(transition.finding.evidence),
        at: noon,
        until: secondsAfterNoon(60),
      },
    });
    const { invoke, sent } = notifyFrom(store, undefined, { hub });
    assert.deepEqual(await invoke(queueEvent(busMessage(transition)), aContext()), failedMessages());
    assert.deepEqual(sent, []);
    assert.deepEqual(await undeliveredIn(store), []);
  });

  it("tells that an exception ends, and nobody once it was extended", async () => {
    const expires = secondsAfterNoon(86_400);
    const owner = "arn:aws:iam::123456789012:user/ana";
    const tell = async (id: string, until: typeof expires) => {
      const store = aFindingStore("notify");
      const transition = await commitFinding(
        store,
        id,
        { state: "suppressed" },
        { kind: "expiring", exception: { owner, reason: "Pilot", expires } },
      );
      const digest = digestEvidence(transition.finding.evidence);
      const exceptions = [{ findingId: id, digest, owner, reason: "Pilot", expires: until }];
      const { invoke, sent } = notifyFrom(store, undefined, { exceptions });
      await invoke(queueEvent(busMessage(transition)), aContext(60_000, "drift-guard-production-notify"));
      assert.deepEqual(await undeliveredIn(store), []);
      return sent.join();
    };
    const text = await tell("ends", expires);
    assert.match(
      text,
      /^HIGH, Exception ends: .*\nThe exception by .*user\/ana that accepts it ends at\n {4}2026-11-23T12:00:00Z/,
    );
    assert.match(
      text,
      /\n {2}npx drift-guard findings suppress ends --reason Pilot --for 30d --stage production\n/,
    );
    assert.equal(await tell("extended", secondsAfterNoon(999_999)), "");
  });

  it("says what the guard does about the finding at the time of sending, with the stage in the command", async () => {
    const store = aFindingStore("notify");
    const transition = await commitFinding(store, "told");
    const config = defineConfig({
      roles: { "role-told": { reference: "AWSBatchServiceRole", rollback: { missing: "automatic" } } },
    });
    const pauses = [
      { scope: "role", by: "ana", at: noon, until: secondsAfterNoon(60), reason: "Migration" } as const,
    ];
    const { invoke, sent } = notifyFrom(store, undefined, { config, pauses });
    await invoke(queueEvent(busMessage(transition)), aContext(60_000, "drift-guard-production-notify"));
    assert.match(
      sent.join(),
      /Rollbacks of role-told are\s+paused until 2026-11-22T12:01:00Z, by\s+ana: Migration/,
    );
    assert.match(sent.join(), /\n {2}npx drift-guard rollback resume role-told --stage production\n/);
  });

  describe("of a drift whose rollback waits for an approval", () => {
    const config = (missing: "approve" | "automatic") =>
      defineConfig({ roles: { "role-a": { reference: "AWSBatchServiceRole", rollback: { missing } } } });
    const note = "Its rollback waits for a person's approval.";
    /** The refusal that rollback commits once it has read the role. */
    const refuse = async (store: FindingStore, { finding }: Transition) => {
      const after = aFinding({ ...finding, state: "open", seq: finding.seq + 1 });
      const before = await store.load(finding.role);
      const transition = aTransition({ kind: "refused", note, finding: after });
      await store.commit({ before, after: { ...before, findings: [after] }, transitions: [transition] });
      return transition;
    };
    const deliver = async ({ invoke }: ReturnType<typeof notifyFrom>, ...transitions: Transition[]) =>
      assert.deepEqual(
        await invoke(
          queueEvent(...transitions.map(busMessage)),
          aContext(60_000, "drift-guard-production-notify"),
        ),
        failedMessages(),
      );

    it("sends one message, which asks for it", async () => {
      const store = aFindingStore("notify");
      const notify = notifyFrom(store, undefined, { config: config("approve") });
      const opened = await commitFinding(store, "a", { severity: "CRITICAL" });
      await deliver(notify, opened);
      await deliver(notify, await refuse(store, opened));
      assert.equal(notify.sent.length, 1);
      assert.match(notify.sent.join(), /The rollback waits for a person's approval\./);
      assert.match(notify.sent.join(), /\n {2}npx drift-guard rollback approve a --stage production\n/);
      assert.deepEqual(await undeliveredIn(store), []);
    });

    it("sends the request too if it was told meanwhile that the rollback goes on", async () => {
      const store = aFindingStore("notify");
      const opened = await commitFinding(store, "a", { severity: "CRITICAL" });
      const before = notifyFrom(store, undefined, { config: config("automatic") });
      await deliver(before, opened);
      const after = notifyFrom(store, undefined, { config: config("approve") });
      await deliver(after, await refuse(store, opened));
      assert.match(before.sent.join(), /drift-guard restores it now/);
      assert.match(after.sent.join(), /Approval needed: .*waits for a person's approval/s);
    });

    it("sends the request again if the refusal comes while the first message was not sent", async () => {
      const store = aFindingStore("notify");
      const opened = await commitFinding(store, "a", { severity: "CRITICAL" });
      const failing = notifyFrom(store, "role-a", { config: config("approve") });
      await failing.invoke(queueEvent(busMessage(opened)), aContext());
      const notify = notifyFrom(store, undefined, { config: config("approve") });
      await deliver(notify, await refuse(store, opened), opened);
      assert.equal(notify.sent.length, 2);
      assert.deepEqual(await undeliveredIn(store), []);
    });

    it("tells both in one message if both wait for the joint message", async () => {
      const store = aFindingStore("notify");
      const notify = notifyFrom(store, undefined, { config: config("approve") });
      // Another role's news is told at once, so that these wait.
      await deliver(notify, await commitFinding(store, "other"));
      const opened = await commitFinding(store, "a");
      const refused = await refuse(store, opened);
      await deliver(notify, refused, opened);
      assert.equal(notify.sent.length, 1);
      notify.advance(60);
      await notify.invoke(queueEvent(jointNoticeRequest), aContext());
      assert.equal(notify.sent.length, 2);
      const [, joint = ""] = notify.sent;
      assert.match(joint, /^HIGH, New, approval needed: /);
      assert.match(joint, /\ntransition a#1\ntransition a#2\n/);
      assert.deepEqual(await undeliveredIn(store), []);
    });
  });

  it("marks a waiting transition that a user of Security Hub suppressed meanwhile without a message", async () => {
    const store = aFindingStore("notify");
    const hub = createHubStore(openDatabase(":memory:"));
    const { invoke, sent, advance } = notifyFrom(store, undefined, { hub });
    const first = await commitFinding(store, "first");
    const quiet = await commitFinding(store, "quiet");
    await invoke(queueEvent(busMessage(first), busMessage(quiet)), aContext());
    const digest = digestEvidence(quiet.finding.evidence);
    await hub.saveFinding(quiet.finding.role, "quiet", {
      version: 0,
      workflow: "SUPPRESSED",
      quieting: { kind: "suppressed", digest, at: noon, until: secondsAfterNoon(3600) },
    });
    advance(60);
    await invoke(queueEvent(jointNoticeRequest), aContext());
    assert.equal(sent.length, 1);
    assert.deepEqual(await undeliveredIn(store), []);
  });

  it("sends no information by default, and in one message a week where the owner wants it", async () => {
    const store = aFindingStore("notify");
    const [one, two] = [
      await commitFinding(store, "one", { severity: "INFORMATIONAL" }),
      await commitFinding(store, "two", { severity: "INFORMATIONAL" }),
    ];
    const config = defineConfig({ roles: {}, notify: { information: "weekly" } });
    const weekly = notifyFrom(store, undefined, { config });
    const deliver = (...bodies: readonly string[]) => weekly.invoke(queueEvent(...bodies), aContext());
    await deliver(busMessage(one), busMessage(two));
    weekly.advance(50);
    await deliver(jointNoticeRequest);
    assert.equal(weekly.sent.length, 1);
    assert.match(weekly.sent[0] ?? "", /^INFORMATIONAL: 2 policies .*\nFor information: none of it needs/s);
    const next = await commitFinding(store, "three", { severity: "INFORMATIONAL" });
    weekly.advance(86_400);
    await deliver(busMessage(next), jointNoticeRequest);
    assert.deepEqual([weekly.sent.length, await undeliveredIn(store)], [1, ["three#1"]]);
    weekly.advance(7 * 86_400);
    await deliver(busMessage(next));
    weekly.advance(50);
    await deliver(jointNoticeRequest);
    assert.deepEqual([weekly.sent.length, await undeliveredIn(store)], [2, []]);

    const never = notifyFrom(store);
    const unwanted = await commitFinding(store, "four", { severity: "INFORMATIONAL" });
    await never.invoke(queueEvent(busMessage(unwanted)), aContext());
    assert.deepEqual([never.sent, await undeliveredIn(store)], [[], []]);
  });

  it("returns messages that it cannot read, and sends the others", async () => {
    const store = aFindingStore("notify");
    const transition = await commitFinding(store, "read");
    const { invoke, sent } = notifyFrom(store);
    assert.deepEqual(
      await invoke(queueEvent("[]", busMessage(transition), "{"), aContext()),
      failedMessages("1", "3"),
    );
    assert.match(sent.join(), /role-read/);
  });

  it("sends a transition as it is stored, whatever the message says of it", async () => {
    const store = aFindingStore("notify");
    const transition = await commitFinding(store, "stored");
    const { invoke, sent } = notifyFrom(store);
    const forged = { ...transition, note: "Call this number" };
    assert.deepEqual(await invoke(queueEvent(busMessage(forged)), aContext()), failedMessages());
    assert.doesNotMatch(sent.join(), /Call this number/);
  });

  it("sends no transition that it delivered before, and keeps a message whose transition is not stored", async () => {
    const store = aFindingStore("notify");
    const transition = await commitFinding(store, "delivered");
    const { invoke, sent } = notifyFrom(store);
    await invoke(queueEvent(busMessage(transition)), aContext());
    const forged = aTransition({ finding: { ...transition.finding, seq: 2 } });
    assert.deepEqual(
      await invoke(queueEvent(busMessage(transition), busMessage(forged)), aContext()),
      failedMessages("2"),
    );
    assert.equal(sent.length, 1);
  });

  it("drops a message about a transition so old that it has expired", async () => {
    const { invoke, sent } = notifyFrom(aFindingStore("notify"));
    const at = secondsAfterNoon(-500 * 86_400);
    const expired = aTransition({ at, finding: aFinding({ updatedAt: at }) });
    assert.deepEqual(await invoke(queueEvent(busMessage(expired)), aContext()), failedMessages());
    assert.deepEqual(sent, []);
  });

  it("returns the messages that it has no time for, and does not send them", async () => {
    const store = aFindingStore("notify");
    const first = await commitFinding(store, "first", { severity: "CRITICAL" });
    const second = await commitFinding(store, "second", { severity: "CRITICAL" });
    const { context, spend } = anInvocationTime();
    const markDelivered: typeof store.markDelivered = (...delivered) => {
      spend();
      return store.markDelivered(...delivered);
    };
    const { invoke, sent } = notifyFrom({ ...store, markDelivered });
    const response = await invoke(queueEvent(busMessage(first), busMessage(second), "{"), context);
    assert.deepEqual(response, failedMessages("2", "3"));
    assert.equal(sent.length, 1);
    assert.deepEqual(await undeliveredIn(store), ["second#1"]);
  });

  it("sends a test message, marked as one, and records that it did", async () => {
    const id = "0f3a1d43-6f2b-4a86-9f6d-000000000001";
    const body = JSON.stringify({ source: "drift-guard", "detail-type": "Test message", detail: { id } });
    const { invoke, sent, notices } = notifyFrom(aFindingStore("notify"));
    assert.deepEqual(await invoke(queueEvent(body), aContext()), failedMessages());
    assert.match(sent.join(), /^Test message of drift-guard in account 123456789012\./);
    assert.deepEqual(await notices.findTest("123456789012", id), { sentAt: noon });
  });

  it("sends no test message whose id is a text of somebody's own", async () => {
    const body = JSON.stringify({
      source: "drift-guard",
      "detail-type": "Test message",
      detail: { id: "Call this number" },
    });
    const { invoke, sent } = notifyFrom(aFindingStore("notify"));
    assert.deepEqual(await invoke(queueEvent(body), aContext()), failedMessages("1"));
    assert.deepEqual(sent, []);
  });

  it("throws for an event that is not SQS's", async () => {
    await assert.rejects(notifyFrom(aFindingStore("notify")).invoke({}, aContext()), {
      name: "MessageUnreadableError",
    });
  });

  it("throws a ConfigError that names each missing environment variable", async () => {
    await assert.rejects(handler(queueEvent(), aContext()), {
      name: "ConfigError",
      message: /FINDINGS_TABLE.*CONTROL_TABLE.*TOPIC_ARN.*NOTIFY_QUEUE_URL/s,
    });
  });
});
