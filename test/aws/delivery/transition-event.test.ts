import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTransitionEvent } from "@drift-guard/aws/delivery/transition-event";
import { aTransition } from "../../builders.ts";

describe("An event of the guard's bus", () => {
  const envelope = {
    version: "0",
    source: "drift-guard",
    "detail-type": "Transition",
    detail: aTransition(),
  };

  it("contains its transition", () => {
    assert.deepEqual(parseTransitionEvent(JSON.stringify(envelope)), aTransition());
  });

  it("is refused if it is anything else, with the invalid field", () => {
    for (const [body, named] of [
      ["", /not JSON/],
      ["null", /\n {2}expected object, received null$/],
      [JSON.stringify({ ...envelope, source: "aws.iam" }), /\n {2}expected "drift-guard", at source$/i],
      [JSON.stringify({ ...envelope, "detail-type": "Other" }), /detail-type/],
      [JSON.stringify({ ...envelope, detail: { ...aTransition(), schema: 2 } }), /detail.schema/],
      [JSON.stringify({ ...envelope, detail: { ...aTransition(), kind: "exploded" } }), /detail.kind/],
    ] as const) {
      assert.throws(() => parseTransitionEvent(body), { name: "MessageUnreadableError", message: named });
    }
  });
});
