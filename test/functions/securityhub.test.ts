import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { bodyOf, type Finding } from "@drift-guard/core/model/finding";
import { addSeconds } from "@drift-guard/core/model/instant";
import type { Severity } from "@drift-guard/core/model/severity";
import type { Transition, TransitionKind } from "@drift-guard/core/model/transition";
import type { FindingImporter, FindingStore } from "@drift-guard/core/ports";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createHubStore } from "@drift-guard/embedded/sqlite/hub";
import { createHandler, handler } from "../../functions/securityhub.ts";
import { aControl, aDrift, aGrant, aTransition, noon, secondsAfterNoon } from "../builders.ts";
import { aContext, anInvocationTime, busMessage, failedMessages, queueEvent } from "./invocations.ts";
import { aMemoryHub, hubMessage, type MemoryHub } from "./memory-hub.ts";
import { aFindingStore, commitFinding, undeliveredIn } from "./stores.ts";

/** The exchange of a store with a hub in memory; `sent` keeps the texts that people get. */
function exchangeWith(findings: FindingStore, hub: MemoryHub = aMemoryHub()) {
  const sent: string[] = [];
  let isBroken = false;
  const store = createHubStore(openDatabase(":memory:"));
  let at = noon;
  const invoke = createHandler(() => ({
    findings,
    importer: hub.importer,
    workflows: hub.workflows,
    hub: store,
    control: { load: async (role) => aControl({ role }) },
    config: defineConfig({ roles: {} }),
    now: () => new Date(at),
    send: async ({ text }) => {
      if (isBroken) throw new Error("The topic cannot be reached.");
      sent.push(text);
    },
  }));
  return {
    ...hub,
    findings,
    breakSending: (state: boolean) => {
      isBroken = state;
    },
    invoke,
    sent,
    store,
    wait: (seconds: number) => {
      at = addSeconds(at, seconds);
    },
  };
}

/** The import from a store into a hub in memory, which refuses the findings with these ids. */
const importFrom = (findings: FindingStore, ...refused: readonly string[]) =>
  exchangeWith(findings, aMemoryHub(...refused));

/** Commits the next transition of a finding. */
async function commitNext(
  store: FindingStore,
  { finding: last }: Transition,
  over: { readonly kind: TransitionKind; readonly evidence?: Evidence; readonly severity?: Severity },
): Promise<Transition> {
  const { kind, ...changes } = over;
  const before = await store.load(last.role);
  const body = { ...bodyOf(last), ...changes, seq: last.seq + 1 };
  const finding: Finding = kind === "resolved" ? { ...body, state: "resolved" } : { ...body, state: "open" };
  const transition = aTransition({ id: `${finding.id}#${finding.seq}`, kind, finding });
  await store.commit({ before, after: { ...before, findings: [finding] }, transitions: [transition] });
  return transition;
}

describe("securityhub, in process", () => {
  it("returns the one message of three whose finding is refused, and marks the others as delivered", async () => {
    const store = aFindingStore("securityhub");
    const transitions = [];
    for (const id of ["first", "second", "third"]) transitions.push(await commitFinding(store, id));
    const { invoke, imported } = importFrom(store, "second");
    assert.deepEqual(
      await invoke(queueEvent(...transitions.map(busMessage)), aContext()),
      failedMessages("2"),
    );
    assert.deepEqual(imported, [["first", "third"]]);
    assert.deepEqual(await undeliveredIn(store), ["second#1"]);
  });

  it("returns messages that it cannot read, and imports the others in one call", async () => {
    const store = aFindingStore("securityhub");
    const first = await commitFinding(store, "first");
    const second = await commitFinding(store, "second");
    const { invoke, imported } = importFrom(store);
    assert.deepEqual(
      await invoke(queueEvent("?", busMessage(first), "{}", busMessage(second)), aContext()),
      failedMessages("1", "3"),
    );
    assert.deepEqual(imported, [["first", "second"]]);
  });

  it("imports a finding by its newest transition, and marks the older ones as delivered too", async () => {
    const store = aFindingStore("securityhub");
    const opened = await commitFinding(store, "closed");
    const before = await store.load(opened.finding.role);
    const finding = { ...bodyOf(opened.finding), state: "resolved", seq: 2 } as const;
    const resolved = aTransition({ kind: "resolved", finding });
    await store.commit({ before, after: { ...before, findings: [finding] }, transitions: [resolved] });
    const { invoke, imported } = importFrom(store);
    assert.deepEqual(
      await invoke(queueEvent(busMessage(resolved), busMessage(opened)), aContext()),
      failedMessages(),
    );
    assert.deepEqual(imported, [["closed"]]);
    assert.deepEqual(await undeliveredIn(store), []);
  });

  it("imports no finding that it delivered before, and keeps a message whose transition is not stored", async () => {
    const store = aFindingStore("securityhub");
    const transition = await commitFinding(store, "delivered");
    const { invoke, imported } = importFrom(store);
    await invoke(queueEvent(busMessage(transition)), aContext());
    const forged = aTransition({ kind: "resolved", finding: { ...transition.finding, seq: 9 } });
    assert.deepEqual(
      await invoke(queueEvent(busMessage(transition), busMessage(forged)), aContext()),
      failedMessages("2"),
    );
    assert.deepEqual(imported, [["delivered"]]);
  });

  it("returns the messages that it has no time to mark as delivered", async () => {
    const store = aFindingStore("securityhub");
    const first = await commitFinding(store, "first");
    const second = await commitFinding(store, "second");
    const { context, spend } = anInvocationTime();
    const markDelivered: typeof store.markDelivered = (...delivered) => {
      spend();
      return store.markDelivered(...delivered);
    };
    const { invoke } = importFrom({ ...store, markDelivered });
    const response = await invoke(queueEvent(busMessage(first), busMessage(second)), context);
    assert.deepEqual(response, failedMessages("2"));
    assert.deepEqual(await undeliveredIn(store), ["second#1"]);
  });

  it("throws where the store or the hub cannot be reached, so that SQS delivers the whole batch again", async () => {
    const store = aFindingStore("securityhub");
    const event = queueEvent(busMessage(await commitFinding(store, "kept")));
    const findDelivery = async () => {
      throw new StoreUnavailableError("The table is not there.");
    };
    await assert.rejects(importFrom({ ...store, findDelivery }).invoke(event, aContext()), {
      name: "StoreUnavailableError",
    });
    const importer: FindingImporter = {
      import: async () => {
        throw new Error("Security Hub cannot be reached.");
      },
    };
    await assert.rejects(exchangeWith(store, { ...aMemoryHub(), importer }).invoke(event, aContext()), {
      message: /cannot be reached/,
    });
    assert.deepEqual(await undeliveredIn(store), ["kept#1"]);
  });

  it("throws for an event that is not SQS's", async () => {
    await assert.rejects(importFrom(aFindingStore("securityhub")).invoke({}, aContext()), {
      name: "MessageUnreadableError",
    });
  });

  it("throws a ConfigError that names the missing environment variable", async () => {
    await assert.rejects(handler(queueEvent(), aContext()), {
      name: "ConfigError",
      message: /FINDINGS_TABLE/,
    });
  });
});

describe("securityhub, while Security Hub is not enabled", () => {
  it("tells people once, keeps the findings unmarked, and returns no message", async () => {
    const store = aFindingStore("securityhub");
    const { invoke, sent, turn, tries, wait } = importFrom(store);
    turn("off");
    for (const id of ["first", "second", "third"]) {
      const message = busMessage(await commitFinding(store, id));
      assert.deepEqual(await invoke(queueEvent(message), aContext()), failedMessages());
      wait(3600);
    }
    assert.equal(sent.length, 1);
    assert.match(sent[0] ?? "", /not enabled in us-east-1 of account 123456789012/);
    assert.equal(tries(), 3);
    assert.deepEqual(await undeliveredIn(store), ["first#1", "second#1", "third#1"]);
  });

  it("does not call Security Hub for the other batches of a storm", async () => {
    const store = aFindingStore("securityhub");
    const { invoke, turn, tries } = importFrom(store);
    turn("off");
    for (const id of ["first", "second", "third"])
      await invoke(queueEvent(busMessage(await commitFinding(store, id))), aContext());
    assert.equal(tries(), 1);
  });

  it("imports the findings once it is enabled, and tells people again only after that", async () => {
    const store = aFindingStore("securityhub");
    const { invoke, sent, turn, wait } = importFrom(store);
    const event = queueEvent(busMessage(await commitFinding(store, "first")));
    turn("off");
    await invoke(event, aContext());
    turn("on");
    wait(3600);
    await invoke(event, aContext());
    assert.deepEqual(await undeliveredIn(store), []);
    assert.equal(sent.length, 1);
    turn("off");
    await invoke(queueEvent(busMessage(await commitFinding(store, "second"))), aContext());
    assert.equal(sent.length, 2);
  });
});

describe("securityhub, where a finding returns", () => {
  const widened = aDrift({ grants: [aGrant(), aGrant({ actions: ["s3:*"] })] });

  it("sets the workflow to NEW if a user had resolved the finding or notified its owner", async () => {
    for (const workflow of ["RESOLVED", "NOTIFIED"] as const) {
      const store = aFindingStore("securityhub");
      const { invoke, set, renewed } = importFrom(store);
      const opened = await commitFinding(store, "back");
      await invoke(queueEvent(busMessage(opened)), aContext());
      set("back", workflow);
      const resolved = await commitNext(store, opened, { kind: "resolved" });
      await invoke(queueEvent(busMessage(resolved)), aContext());
      assert.deepEqual(renewed, []);
      const again = await commitNext(store, resolved, { kind: "reopened" });
      assert.deepEqual(await invoke(queueEvent(busMessage(again)), aContext()), failedMessages());
      assert.deepEqual(renewed, ["back"]);
    }
  });

  it("keeps a suppression that covers the finding, and ends one that does not", async () => {
    const store = aFindingStore("securityhub");
    const { invoke, set, renewed } = importFrom(store);
    const opened = await commitFinding(store, "quiet", { severity: "HIGH" });
    await invoke(queueEvent(busMessage(opened)), aContext());
    set("quiet", "SUPPRESSED");
    await invoke(queueEvent(hubMessage(opened, "SUPPRESSED")), aContext());
    const recurred = await commitNext(store, opened, { kind: "recurred" });
    await invoke(queueEvent(busMessage(recurred)), aContext());
    assert.deepEqual(renewed, []);
    const worsened = await commitNext(store, recurred, { kind: "worsened", evidence: widened });
    await invoke(queueEvent(busMessage(worsened)), aContext());
    assert.deepEqual(renewed, ["quiet"]);
  });

  it("ends a suppression after 30 days, when the finding is renewed", async () => {
    const store = aFindingStore("securityhub");
    const { invoke, set, renewed, wait } = importFrom(store);
    const opened = await commitFinding(store, "old", { severity: "HIGH" });
    await invoke(queueEvent(busMessage(opened)), aContext());
    set("old", "SUPPRESSED");
    await invoke(queueEvent(hubMessage(opened, "SUPPRESSED")), aContext());
    wait(31 * 86_400);
    await store.renew(opened, "securityhub", addSeconds(noon, 31 * 86_400));
    await invoke(queueEvent(busMessage(opened)), aContext());
    assert.deepEqual(renewed, ["old"]);
  });

  it("keeps what a user did with a finding that only is renewed", async () => {
    const store = aFindingStore("securityhub");
    const { invoke, set, renewed } = importFrom(store);
    const opened = await commitFinding(store, "kept");
    await invoke(queueEvent(busMessage(opened)), aContext());
    set("kept", "NOTIFIED");
    await store.renew(opened, "securityhub", noon);
    await invoke(queueEvent(busMessage(opened)), aContext());
    assert.deepEqual(renewed, []);
  });
});

describe("securityhub, where a user of Security Hub answers", () => {
  const opened = async (over: Parameters<typeof commitFinding>[2] = { severity: "HIGH" }) => {
    const store = aFindingStore("securityhub");
    const transition = await commitFinding(store, "answered", over);
    const exchange = importFrom(store);
    await exchange.invoke(queueEvent(busMessage(transition)), aContext());
    const answer = async (message: string) => {
      assert.deepEqual(await exchange.invoke(queueEvent(message), aContext()), failedMessages());
    };
    return {
      ...exchange,
      transition,
      answer,
      state: () => exchange.store.loadFinding(transition.finding.role, "answered"),
    };
  };

  it("takes a suppression for exactly this evidence and 30 days, and tells people once", async () => {
    const { set, answer, transition, state, sent } = await opened();
    set("answered", "SUPPRESSED");
    for (let copy = 0; copy < 3; copy += 1) await answer(hubMessage(transition, "SUPPRESSED"));
    const { workflow, quieting } = await state();
    assert.equal(workflow, "SUPPRESSED");
    assert.equal(quieting?.kind, "suppressed");
    assert.equal(quieting?.until, addSeconds(noon, 30 * 86_400));
    assert.equal(sent.length, 1);
    assert.match(
      sent[0] ?? "",
      /suppressed in Security Hub[\s\S]*A rollback of this finding is not affected/,
    );
  });

  it("tells people once that a suppression has ended, and sets the workflow NEW", async () => {
    const store = aFindingStore("securityhub");
    const transition = await commitFinding(store, "ended", { severity: "HIGH" });
    const { invoke, set, sent, renewed, wait, store: hub } = importFrom(store);
    const deliver = (body: string) => invoke(queueEvent(body), aContext());
    await deliver(busMessage(transition));
    set("ended", "SUPPRESSED");
    await deliver(hubMessage(transition, "SUPPRESSED"));
    const renew = async (days: number) => {
      wait(days * 86_400);
      await store.renew(transition, "securityhub", secondsAfterNoon(days * 86_400));
      assert.deepEqual(await deliver(busMessage(transition)), failedMessages());
    };
    await renew(29);
    assert.deepEqual([sent.length, renewed], [1, []]);
    await renew(2);
    assert.deepEqual([sent.length, renewed], [2, ["ended"]]);
    assert.match(
      sent[1] ?? "",
      /A finding of role-ended is told again: its suppression in Security Hub has\s+ended/,
    );
    assert.equal((await hub.loadFinding(transition.finding.role, "ended")).quieting, undefined);
    await renew(1);
    assert.equal(sent.length, 2);
  });

  it("tells people of a suppression that was taken when the message failed", async () => {
    const { set, answer, transition, state, sent, store } = await opened();
    set("answered", "SUPPRESSED");
    const { version } = await state();
    await store.saveFinding(transition.finding.role, "answered", {
      version,
      workflow: "SUPPRESSED",
      untold: true,
    });
    await answer(hubMessage(transition, "SUPPRESSED"));
    await answer(hubMessage(transition, "SUPPRESSED"));
    assert.equal(sent.length, 1);
  });

  it("gives a suppression of a CRITICAL finding no effect, and says so", async () => {
    const { set, answer, transition, state, sent } = await opened({ severity: "CRITICAL" });
    set("answered", "SUPPRESSED");
    await answer(hubMessage(transition, "SUPPRESSED"));
    assert.equal((await state()).quieting, undefined);
    assert.match(sent[0] ?? "", /CRITICAL finding of role-answered was suppressed[\s\S]*still told/);
  });

  it("takes RESOLVED as an acknowledgement of this evidence, and tells nobody", async () => {
    const { set, answer, transition, state, sent } = await opened();
    set("answered", "RESOLVED");
    await answer(hubMessage(transition, "RESOLVED"));
    assert.equal((await state()).quieting?.kind, "acknowledged");
    assert.deepEqual(sent, []);
  });

  it("ends what a user said when they set the workflow to NEW again", async () => {
    const { set, answer, transition, state } = await opened();
    set("answered", "SUPPRESSED");
    await answer(hubMessage(transition, "SUPPRESSED"));
    set("answered", "NEW");
    await answer(hubMessage(transition, "NEW"));
    assert.deepEqual(await state(), { version: 3, workflow: "NEW" });
  });

  it("believes the workflow that Security Hub has now, and not an event that is late or forged", async () => {
    const { answer, transition, state, sent } = await opened();
    await answer(hubMessage(transition, "SUPPRESSED"));
    assert.equal((await state()).version, 0);
    assert.deepEqual(sent, []);
  });

  it("ignores the event of its own import, so that no import follows from it", async () => {
    const { answer, transition, state, tries } = await opened();
    const before = tries();
    await answer(hubMessage(transition, "NEW"));
    await answer(
      hubMessage(transition, "NEW", { type: "Security Hub Findings - Imported", eventId: "other" }),
    );
    assert.equal((await state()).version, 0);
    assert.equal(tries(), before);
  });

  it("ignores findings of other products, accounts and generators, and those that the table does not hold", async () => {
    const { set, answer, transition, state } = await opened();
    set("answered", "SUPPRESSED");
    const others = [
      { ProductArn: "arn:aws:securityhub:us-east-1::product/aws/guardduty" },
      { AwsAccountId: "999988887777" },
      { GeneratorId: "someone-else" },
      { Id: "drift-guard/123456789012/other" },
      { ProductFields: { "drift-guard/TransitionId": "answered#7" } },
      { ProductFields: {} },
      { Resources: [] },
      { Resources: [{ Type: "AwsIamRole", Details: { AwsIamRole: { RoleName: "a#b" } } }] },
    ];
    for (const finding of others) await answer(hubMessage(transition, "SUPPRESSED", { finding }));
    assert.equal((await state()).version, 0);
  });

  it("ignores events of the newer Security Hub, and returns those that it does not know", async () => {
    const { invoke, transition, set, state } = await opened();
    set("answered", "SUPPRESSED");
    const newer = hubMessage(transition, "SUPPRESSED", { type: "Findings Imported V2" });
    const unknown = hubMessage(transition, "SUPPRESSED", { type: "Security Hub Insight Results" });
    assert.deepEqual(await invoke(queueEvent(newer, unknown), aContext()), failedMessages("2"));
    assert.equal((await state()).version, 0);
  });

  it("tells people of a custom action with a command that a person must run, once in a minute", async () => {
    const { answer, transition, sent, wait } = await opened();
    const chosen = (eventId: string) =>
      hubMessage(transition, "NEW", {
        type: "Security Hub Findings - Custom Action",
        action: "Roll back\n<now>",
        eventId,
      });
    await answer(chosen("one"));
    await answer(chosen("one"));
    await answer(chosen("two"));
    assert.equal(sent.length, 1);
    assert.match(sent[0] ?? "", /Action {3}Roll back\\n<now>/);
    assert.match(sent[0] ?? "", /does nothing by itself[\s\S]*npx drift-guard /);
    wait(61);
    await answer(chosen("one"));
    await answer(chosen("three"));
    assert.equal(sent.length, 2);
  });

  it("tells people in one message of all findings that a user suppresses at once, and asks Security Hub once", async () => {
    const store = aFindingStore("securityhub");
    const exchange = importFrom(store);
    const transitions = [];
    for (let index = 0; index < 40; index += 1) {
      const severity = index === 7 ? "CRITICAL" : "HIGH";
      transitions.push(await commitFinding(store, `f${index}`, { severity }));
    }
    await exchange.invoke(queueEvent(...transitions.map(busMessage)), aContext());
    for (const { finding } of transitions) exchange.set(finding.id, "SUPPRESSED");
    const asked = exchange.reads();
    const messages = transitions.map((each, index) =>
      hubMessage(each, "SUPPRESSED", { eventId: `event-${index}` }),
    );
    const [first = ""] = messages;
    assert.deepEqual(
      await exchange.invoke(queueEvent(...messages, first, "{}"), aContext()),
      failedMessages("42"),
    );
    assert.equal(exchange.reads(), asked + 1);
    assert.equal(exchange.sent.length, 1);
    assert.match(
      exchange.sent[0] ?? "",
      /^40 findings were suppressed in Security Hub\.\n\n {2}- CRITICAL: /,
    );
    for (const { finding } of transitions) {
      assert.match(exchange.sent[0] ?? "", new RegExp(`finding ${finding.id}\n`));
    }
    await exchange.invoke(queueEvent(...messages), aContext());
    assert.equal(exchange.sent.length, 1);
  });

  it("returns the answers of which people could not be told, and tells them then", async () => {
    const store = aFindingStore("securityhub");
    const exchange = importFrom(store);
    const transitions = [await commitFinding(store, "one"), await commitFinding(store, "two")];
    await exchange.invoke(queueEvent(...transitions.map(busMessage)), aContext());
    for (const { finding } of transitions) exchange.set(finding.id, "SUPPRESSED");
    const event = queueEvent(
      ...transitions.map((each) => hubMessage(each, "SUPPRESSED")),
      ...transitions.map((each) => hubMessage(each, "NEW")),
    );
    exchange.breakSending(true);
    assert.deepEqual(await exchange.invoke(event, aContext()), failedMessages("1", "2", "3", "4"));
    exchange.breakSending(false);
    assert.deepEqual(await exchange.invoke(event, aContext()), failedMessages());
    assert.equal(exchange.sent.length, 1);
  });

  it("says that nothing is to be done where a custom action asks for a finding that is resolved since", async () => {
    const { answer, transition, sent, findings } = await opened();
    await commitNext(findings, transition, { kind: "resolved" });
    await answer(
      hubMessage(transition, "NEW", { type: "Security Hub Findings - Custom Action", action: "Fix" }),
    );
    assert.match(sent[0] ?? "", /The finding is not open: there is nothing to do/);
    assert.doesNotMatch(sent[0] ?? "", /npx/);
  });
});
