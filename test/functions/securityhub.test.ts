import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { bodyOf } from "@drift-guard/core/model/finding";
import type { FindingImporter, FindingStore } from "@drift-guard/core/ports";
import { createHandler, handler } from "../../functions/securityhub.ts";
import { aTransition } from "../builders.ts";
import { aContext, anInvocationTime, busMessage, failedMessages, queueEvent } from "./invocations.ts";
import { aFindingStore, commitFinding, undeliveredIn } from "./stores.ts";

/** The import from a store into a hub in memory, which refuses the findings with these ids. */
function importFrom(findings: FindingStore, ...refused: readonly string[]) {
  const imported: string[][] = [];
  const importer: FindingImporter = {
    import: async (deliveries) => {
      const ids = deliveries.map(({ transition }) => transition.finding.id);
      imported.push(ids.filter((id) => !refused.includes(id)));
      return new Map(ids.filter((id) => refused.includes(id)).map((id) => [id, "InvalidInput"]));
    },
  };
  return { imported, invoke: createHandler(() => ({ findings, importer })) };
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

  it("imports neither a finding that it delivered before nor one that is not stored", async () => {
    const store = aFindingStore("securityhub");
    const transition = await commitFinding(store, "delivered");
    const { invoke, imported } = importFrom(store);
    await invoke(queueEvent(busMessage(transition)), aContext());
    const forged = aTransition({ kind: "resolved", finding: { ...transition.finding, seq: 9 } });
    assert.deepEqual(
      await invoke(queueEvent(busMessage(transition), busMessage(forged)), aContext()),
      failedMessages(),
    );
    assert.deepEqual(imported, [["delivered"], []]);
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
        throw new Error("Security Hub is not enabled.");
      },
    };
    await assert.rejects(createHandler(() => ({ findings: store, importer }))(event, aContext()), {
      message: /not enabled/,
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
