import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseStreamRecord } from "@drift-guard/aws/delivery/stream";
import { aFinding, aTransition, everyEvidence } from "../../builders.ts";
import { streamRecord } from "./stream-records.ts";

describe("A record of the findings table's stream", () => {
  it("contains the transition that it inserted, with any kind of evidence", () => {
    for (const evidence of everyEvidence()) {
      const transition = aTransition({ finding: aFinding({ evidence }) });
      assert.deepEqual(parseStreamRecord(streamRecord(transition)), { kind: "transition", transition });
    }
  });

  it("contains no transition if an item was changed or removed, or is another item", () => {
    const record = streamRecord(aTransition());
    assert.equal(parseStreamRecord({ ...record, eventName: "MODIFY" }), undefined);
    assert.equal(parseStreamRecord({ ...record, eventName: "REMOVE" }), undefined);
    const ledger = { ...record, dynamodb: { ...record.dynamodb, Keys: { sk: { S: "LEDGER" } } } };
    assert.equal(parseStreamRecord(ledger), undefined);
  });

  it("is refused if its item is invalid, with the item's key", () => {
    const { dynamodb, ...record } = streamRecord(aTransition());
    for (const NewImage of [undefined, {}, { schema: { N: "2" } }, { transition: { X: "?" } }]) {
      assert.throws(() => parseStreamRecord({ ...record, dynamodb: { ...dynamodb, NewImage } }), {
        name: "MessageUnreadableError",
      });
    }
    const { transition: _, ...NewImage } = dynamodb.NewImage;
    assert.throws(() => parseStreamRecord({ ...record, dynamodb: { ...dynamodb, NewImage } }), {
      name: "MessageUnreadableError",
      message: /TRANSITION#5f1d0c6f7a0e4b52#000001 .*\n {2}transition is missing$/s,
    });
  });

  it("is refused if it is not a record", () => {
    for (const value of [undefined, null, 7, "x", {}, { eventName: "INSERT" }, { dynamodb: null }]) {
      assert.throws(() => parseStreamRecord(value), { name: "MessageUnreadableError" });
    }
  });
});
