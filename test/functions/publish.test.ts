import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { streamRecord } from "../aws/delivery/stream-records.ts";
import { json, startResponder } from "../aws/responder.ts";
import { aFinding, aTransition } from "../builders.ts";
import { aContext } from "./invocations.ts";

describe("publish", () => {
  it("fails as a whole where the bus did not take all of a batch, so that the stream gives all of it again", async () => {
    const bus = await startResponder(() =>
      json({ FailedEntryCount: 1, Entries: [{ EventId: "e" }, { ErrorCode: "ThrottlingException" }] }),
    );
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: bus.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIAOWNER",
      AWS_SECRET_ACCESS_KEY: "none",
      POWERTOOLS_LOG_LEVEL: "SILENT",
      POWERTOOLS_METRICS_DISABLED: "true",
      BUS_NAME: "guard",
    });
    const { handler } = await import("../../functions/publish.ts");
    const Records = ["one", "two"].map((id) => streamRecord(aTransition({ finding: aFinding({ id }) })));
    await assert.rejects(handler({ Records }, aContext()), {
      name: "DeliveryError",
      message: /The bus guard did not accept 1 of 2 transitions: two#1: ThrottlingException/,
    });
    await bus.close();
  });
});
