import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, defineConfig } from "@drift-guard/core/config/config";
import type { Control } from "@drift-guard/core/model/control";
import { digestEvidence } from "@drift-guard/core/model/identity";
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
  const notices = createNoticeStore(openDatabase(":memory:"));
  const invoke = createHandler(() => ({
    findings,
    notices,
    queue: { requestJointNotice: async () => {} },
    holdSeconds: 50,
    ...(hub && { hub }),
    control: { load: async (role) => aControl({ role, pauses, exceptions }) },
    config,
    now: () => new Date(noon),
    send: async ({ text }) => {
      if (refused !== undefined && text.includes(refused)) throw new Error("The topic is not there.");
      sent.push(text);
    },
  }));
  return { invoke, sent, notices };
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
      await invoke(queueEvent(...transitions.map(busMessage)), aContext()),
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
      /^HIGH, Exception ends: .* The exception by .*user\/ana that accepts it ends at 2026-11-23T12/,
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
      /Rollbacks of role-told are paused until 2026-11-22T12:01:00.000Z, by ana: Migration/,
    );
    assert.match(sent.join(), /\n {2}npx drift-guard rollback resume role-told --stage production\n/);
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
