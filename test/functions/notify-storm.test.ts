import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { DeliveryError } from "@drift-guard/aws/delivery/delivery-error";
import { defineConfig } from "@drift-guard/core/config/config";
import { jointNoticeRequest } from "@drift-guard/core/intake/notice-message";
import { Severity } from "@drift-guard/core/model/severity";
import type { Transition } from "@drift-guard/core/model/transition";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createNoticeStore } from "@drift-guard/embedded/sqlite/notices";
import fc from "fast-check";
import { createHandler } from "../../functions/notify.ts";
import { aControl, aKey, noon } from "../builders.ts";
import { aContext, busMessage, queueEvent } from "./invocations.ts";
import { aFindingStore, commitFinding, undeliveredIn } from "./stores.ts";
import { hear } from "./subscriber.ts";

/** A message of the queue, and when it is delivered next. */
interface Queued {
  readonly body: string;
  at: number;
}

const receiveAgainMs = 360_000;

/**
 * Notify behind a queue that delivers batches of ten, `width` at once, and each failed message again after six minutes.
 * `fails` decides before each call to the outside whether it fails, and `sendFails` throws if a call to SNS fails.
 */
function aStorm(fails: () => boolean, sendFails: (moment: "before" | "after") => void = () => {}) {
  const width = 5;
  let now = Date.parse(noon);
  const findings = aFindingStore("notify");
  const notices = createNoticeStore(openDatabase(":memory:"));
  const messages: { text: string; chat: string; at: number }[] = [];
  let queue: Queued[] = [];
  const lost = new Map<string, "new" | "held">();
  const risk = () => {
    if (fails()) throw new Error("It failed.");
  };
  const handler = createHandler(() => ({
    findings: {
      findDelivery: async (ref) => {
        risk();
        if (lost.get(ref.finding.id) === "held") return undefined;
        if (lost.has(ref.finding.id)) lost.set(ref.finding.id, "held");
        return findings.findDelivery(ref);
      },
      markDelivered: async (transition, sink) => {
        risk();
        return findings.markDelivered(transition, sink);
      },
    },
    notices: {
      ...notices,
      save: async (account, state) => {
        risk();
        const saved = await notices.save(account, state);
        risk();
        return saved;
      },
    },
    queue: {
      requestJointNotice: async (seconds) => {
        risk();
        queue.push({ body: jointNoticeRequest, at: now + seconds * 1000 });
      },
    },
    holdSeconds: 50,
    control: { load: async (role) => aControl({ role }) },
    config: defineConfig({ roles: {} }),
    now: () => new Date(now),
    send: async ({ text, chat }) => {
      risk();
      sendFails("before");
      messages.push({ text, chat, at: now });
      sendFails("after");
      risk();
    },
  }));
  return {
    findings,
    messages,
    /** Removes the transition of a finding from the table once it was read. */
    loseHeld: (findingId: string) => lost.set(findingId, "new"),
    put: (transition: Transition, seconds = 0) =>
      queue.push({ body: busMessage(transition), at: now + seconds * 1000 }),
    /** Runs until the queue is empty. */
    async run(): Promise<void> {
      while (queue.length > 0) {
        now = Math.max(now, Math.min(...queue.map(({ at }) => at)));
        const due = queue.filter(({ at }) => at <= now).slice(0, 10 * width);
        queue = queue.filter((message) => !due.includes(message));
        const batches = Array.from({ length: Math.ceil(due.length / 10) }, (_, index) =>
          due.slice(index * 10, index * 10 + 10),
        );
        await Promise.all(
          batches.map(async (batch) => {
            const event = queueEvent(...batch.map(({ body }) => body));
            const failed = await handler(event, aContext()).then(
              ({ batchItemFailures }) =>
                batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier) - 1),
              () => batch.map((_, index) => index),
            );
            for (const index of failed) {
              const message = batch[index];
              if (message) queue.push({ ...message, at: now + receiveAgainMs });
            }
          }),
        );
      }
    },
    elapsedSeconds: () => (now - Date.parse(noon)) / 1000,
  };
}

/** The ids of the transitions that a subscriber hears who drops repeated messages, sorted; twice if two messages tell it. */
function toldBy(messages: readonly { readonly text: string; readonly chat: string }[]): readonly string[] {
  return [...hear(messages).values()].flat().toSorted();
}

/** Fails a third of the calls: one before it takes effect, the fourth after it. */
function failingEachThird(): (moment: "before" | "after") => void {
  let calls = 0;
  return (moment) => {
    if (moment === "before") calls += 1;
    if (calls % 6 === (moment === "before" ? 1 : 4)) throw new Error("SNS failed.");
  };
}

const settings = [
  { title: "", sendFails: () => {} },
  { title: ", if SNS fails a third of the calls", sendFails: failingEachThird() },
];

const never = () => false;

describe("a storm of transitions", () => {
  for (const { title, sendFails } of settings) {
    it(`of 50 drifts of one role makes at most five messages, and nothing is missing from them${title}`, async () => {
      const storm = aStorm(never, sendFails);
      const expected: string[] = [];
      for (let index = 0; index < 50; index += 1) {
        const severity = Severity.options[index % 3];
        const transition = await commitFinding(storm.findings, `f${index}`, {
          role: aKey(),
          ...(severity && { severity }),
        });
        expected.push(transition.id);
        storm.put(transition);
        if (index % 4 === 0) storm.put(transition);
      }
      await storm.run();
      assert.ok(
        hear(storm.messages).size <= 5,
        storm.messages.map(({ text, at }) => `${at} ${text.length} ${text.slice(0, 100)}`).join("\n"),
      );
      assert.deepEqual(toldBy(storm.messages), expected.sort());
      if (title === "") assert.ok(storm.elapsedSeconds() <= 60);
      assert.deepEqual(await undeliveredIn(storm.findings), []);
    });

    it(`of 200 drifts over an account makes at most five messages, and nothing is missing from them${title}`, async () => {
      const storm = aStorm(never, sendFails);
      const expected: string[] = [];
      for (let index = 0; index < 200; index += 1) {
        const severity = index % 4 === 0 ? "CRITICAL" : "HIGH";
        const transition = await commitFinding(storm.findings, `f${index}`, { severity });
        expected.push(transition.id);
        storm.put(transition);
      }
      await storm.run();
      assert.ok(
        hear(storm.messages).size <= 5,
        storm.messages.map(({ text, at }) => `${at} ${text.length} ${text.slice(0, 100)}`).join("\n"),
      );
      assert.deepEqual(toldBy(storm.messages), expected.sort());
      if (title === "") assert.ok(storm.elapsedSeconds() <= 60);
    });
  }

  it("tells the others where one that waits is missing or cannot be read, and reports that one", async () => {
    const storm = aStorm(never);
    const transitions = [];
    for (const id of ["one", "two", "three"]) transitions.push(await commitFinding(storm.findings, id));
    for (const each of transitions) storm.put(each);
    storm.loseHeld("two");
    const { mock: added } = mock.method(Metrics.prototype, "addMetric");
    await storm.run();
    const names = added.calls.map(({ arguments: [name] }) => name);
    added.restore();
    assert.deepEqual(toldBy(storm.messages), ["one#1", "three#1"]);
    assert.equal(names.filter((name) => name === "TransitionsMissing").length, 1);
  });

  it("that waited while the topic refused messages for an hour makes few messages once it takes them", async () => {
    const storm = aStorm(never, () => {
      const cause = Object.assign(new Error("Denied"), { name: "AuthorizationError", $fault: "client" });
      if (storm.elapsedSeconds() < 3600) throw new DeliveryError("The topic refused it.", { cause });
    });
    const expected: string[] = [];
    for (let index = 0; index < 120; index += 1) {
      const transition = await commitFinding(storm.findings, `f${index}`, { severity: "CRITICAL" });
      expected.push(transition.id);
      storm.put(transition, index * 30);
    }
    await storm.run();
    assert.deepEqual(toldBy(storm.messages), expected.sort());
    for (const { at } of storm.messages) {
      const within = storm.messages.filter((other) => other.at >= at && other.at < at + 60_000);
      assert.ok(within.length <= 15, `${within.length} messages in a minute`);
    }
    assert.ok(storm.messages.length <= 40, `${storm.messages.length} messages`);
  });

  it("loses nothing and tells nothing twice to a subscriber that drops repeated ids, whatever is cut off", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
        async (count, dice) => {
          let calls = 0;
          // After 300 calls nothing fails any more, so that the run ends.
          const storm = aStorm(() => {
            calls += 1;
            return calls < 300 && (dice.next().value ?? 9) < 3;
          });
          const expected: string[] = [];
          for (let index = 0; index < count; index += 1) {
            const transition = await commitFinding(storm.findings, `f${index}`, {
              role: aKey({ name: `role-${index % 3}` }),
              severity: index % 2 === 0 ? "CRITICAL" : "HIGH",
            });
            expected.push(transition.id);
            storm.put(transition);
          }
          await storm.run();
          assert.deepEqual(toldBy(storm.messages), expected.sort());
          assert.deepEqual(await undeliveredIn(storm.findings), []);
        },
      ),
      { numRuns: 60 },
    );
  });
});
