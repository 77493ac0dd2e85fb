import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseStreamRecord } from "@drift-guard/aws/delivery/stream";
import { aFinding, aTransition, everyEvidence } from "../../builders.ts";
import { streamRecord } from "./stream-records.ts";

describe("A record of the findings table's stream", () => {
  it("gives the transition that it inserted, whatever its evidence", () => {
    for (const evidence of everyEvidence()) {
      const transition = aTransition({ finding: aFinding({ evidence }) });
      assert.deepEqual(parseStreamRecord(streamRecord(transition)), transition);
    }
  });

  it("gives none where an item was changed or removed, or is no transition", () => {
    const record = streamRecord(aTransition());
    assert.equal(parseStreamRecord({ ...record, eventName: "MODIFY" }), undefined);
    assert.equal(parseStreamRecord({ ...record, eventName: "REMOVE" }), undefined);
    const ledger = { ...record, dynamodb: { ...record.dynamodb, Keys: { sk: { S: "LEDGER" } } } };
    assert.equal(parseStreamRecord(ledger), undefined);
  });

  it("says which item cannot be read", () => {
    const { dynamodb, ...record } = streamRecord(aTransition());
    for (const NewImage of [undefined, {}, { schema: { N: "2" } }, { transition: { X: "?" } }]) {
      assert.throws(() => parseStreamRecord({ ...record, dynamodb: { ...dynamodb, NewImage } }), {
        name: "MessageUnreadableError",
      });
    }
    const { transition: _, ...NewImage } = dynamodb.NewImage;
    assert.throws(() => parseStreamRecord({ ...record, dynamodb: { ...dynamodb, NewImage } }), {
      name: "MessageUnreadableError",
      message: /TRANSITION#5f1d0c6f7a0e4b52#000001/,
    });
  });

  it("refuses what is no record", () => {
    for (const value of [undefined, null, 7, "x", {}, { eventName: "INSERT" }, { dynamodb: null }]) {
      assert.throws(() => parseStreamRecord(value), { name: "MessageUnreadableError" });
    }
  });
});
