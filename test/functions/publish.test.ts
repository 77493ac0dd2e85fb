import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createReport } from "@drift-guard/core/announcement/first-report";
import type { Announcer, ReportAnnouncer } from "@drift-guard/core/ports";
import { createHandler, handler } from "../../functions/publish.ts";
import { reportRecord, streamRecord } from "../aws/delivery/stream-records.ts";
import { json, startResponder } from "../aws/responder.ts";
import { account, aFinding, aTransition, noon } from "../builders.ts";
import { aContext } from "./invocations.ts";

const recordOf = (id: string) => streamRecord(aTransition({ finding: aFinding({ id }) }));

/** Publish with an announcer that keeps the ids of what it announces. */
function publish() {
  const announced: string[] = [];
  const announcer: Announcer = {
    announce: async (transitions) => void announced.push(...transitions.map(({ id }) => id)),
  };
  const reports: ReportAnnouncer = {
    announceReport: async ({ id }) => void announced.push(id),
  };
  return { announced, invoke: createHandler(() => ({ announcer, reports })) };
}

describe("publish, in process", () => {
  it("announces the inserted transitions in order", async () => {
    const { invoke, announced } = publish();
    const Records = ["one", "two", "three"].map(recordOf);
    assert.deepEqual(await invoke({ Records }, aContext()), { batchItemFailures: [] });
    assert.deepEqual(announced, ["one#1", "two#1", "three#1"]);
  });

  it("announces the first report where it is inserted, and not what only notes that there is none", async () => {
    const { invoke, announced } = publish();
    const { report } = createReport({
      account,
      at: noon,
      roles: 3,
      findings: [aFinding()],
      unreadRegions: [],
      isComplete: true,
    });
    const Records = [reportRecord({ version: 1, report }), reportRecord({ version: 1 })];
    assert.deepEqual(await invoke({ Records }, aContext()), { batchItemFailures: [] });
    assert.deepEqual(announced, [`first-report-${account}`]);
    const delivered = { ...reportRecord({ version: 2, report }), eventName: "MODIFY" };
    await invoke({ Records: [delivered] }, aContext());
    assert.equal(announced.length, 1);
  });

  it("announces no item that was changed or removed", async () => {
    const { invoke, announced } = publish();
    const Records = ["MODIFY", "REMOVE"].map((eventName) => ({ ...recordOf("old"), eventName }));
    assert.deepEqual(await invoke({ Records }, aContext()), { batchItemFailures: [] });
    assert.deepEqual(announced, []);
  });

  it("announces the other transitions, and then throws for the item of three that it cannot read", async () => {
    const { invoke, announced } = publish();
    const unreadable = recordOf("unreadable");
    const { NewImage: _, ...dynamodb } = unreadable.dynamodb;
    await assert.rejects(
      invoke({ Records: [recordOf("one"), { ...unreadable, dynamodb }, recordOf("three")] }, aContext()),
      { name: "MessageUnreadableError", message: /TRANSITION#unreadable#000001/ },
    );
    assert.deepEqual(announced, ["one#1", "three#1"]);
  });

  it("throws for an event that is not a stream's", async () => {
    await assert.rejects(publish().invoke({}, aContext()), { name: "MessageUnreadableError" });
  });

  it("throws a ConfigError that names the missing environment variable", async () => {
    await assert.rejects(handler({ Records: [] }, aContext()), { name: "ConfigError", message: /BUS_NAME/ });
  });

  it("throws where the bus does not take a whole batch, so that the stream delivers all of it again", async () => {
    const bus = await startResponder(() =>
      json({ FailedEntryCount: 1, Entries: [{ EventId: "e" }, { ErrorCode: "ThrottlingException" }] }),
    );
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: bus.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIAOWNER",
      AWS_SECRET_ACCESS_KEY: "none",
      BUS_NAME: "guard",
    });
    await assert.rejects(handler({ Records: ["one", "two"].map(recordOf) }, aContext()), {
      name: "DeliveryError",
      message: /The bus guard did not accept 1 of 2 transitions: two#1: ThrottlingException/,
    });
    await bus.close();
  });
});
