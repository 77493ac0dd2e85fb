import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatRecheck } from "@drift-guard/core/intake/message";
import { createHandler } from "../../functions/detect.ts";
import { aWorld } from "../guard/world.ts";
import { aContext, anInvocationTime, failedMessages, queueEvent } from "./invocations.ts";

const readable = formatRecheck({ role: "AWSBatchServiceRole" });

/** An event of messages that were received so often. */
function eventAfter(receives: number | string, ...bodies: readonly string[]) {
  const { Records } = queueEvent(...bodies);
  return {
    Records: Records.map((record) => ({
      ...record,
      receiptHandle: `handle-${record.messageId}`,
      attributes: { ApproximateReceiveCount: String(receives) },
    })),
  };
}

/** A function of a queue, and the seconds after which each of its messages is to be received again. */
function aFunction(fail?: Error) {
  const { ports, settings } = aWorld();
  const postponed = new Map<string, number>();
  const handler = createHandler(() => ({
    ports,
    settings,
    postpone: async ({ receiptHandle }, seconds) => {
      if (fail) throw fail;
      postponed.set(receiptHandle, seconds);
    },
  }));
  return { handler, postponed };
}

describe("A message that a function could not handle", () => {
  it("is received again after a pause that grows with its receives, and one that was handled is not", async () => {
    for (const [receives, seconds] of [
      [1, 5],
      [2, 15],
      [5, 600],
      [9, 600],
    ] as const) {
      const { handler, postponed } = aFunction();
      const response = await handler(eventAfter(receives, "{", readable), aContext());
      assert.deepEqual(response, failedMessages("1"));
      assert.deepEqual([...postponed], [["handle-1", seconds]]);
    }
  });

  it("is received again at once if there was no time to begin with it", async () => {
    const { handler, postponed } = aFunction();
    const response = await handler(eventAfter(4, readable, readable), aContext(9_999));
    assert.deepEqual(response, failedMessages("1", "2"));
    assert.deepEqual(
      [...postponed],
      [
        ["handle-1", 0],
        ["handle-2", 0],
      ],
    );
  });

  it("returns to its queue also if it cannot be postponed", async () => {
    const { handler } = aFunction(new Error("SQS does not answer."));
    assert.deepEqual(await handler(eventAfter(1, "{"), aContext()), failedMessages("1"));
  });

  it("is postponed as after its first receive if the queue does not say how often it was received", async () => {
    for (const receives of ["", "many", "-1"]) {
      const { handler, postponed } = aFunction();
      await handler(eventAfter(receives, "{"), aContext());
      assert.deepEqual([...postponed], [["handle-1", 5]]);
    }
  });

  it("is not postponed if no queue delivered it", async () => {
    const { handler, postponed } = aFunction();
    const event = { Records: [{ messageId: "1", body: "{" }] };
    assert.deepEqual(await handler(event, aContext()), failedMessages("1"));
    assert.equal(postponed.size, 0);
  });

  it("does not end the batch", async () => {
    const { context } = anInvocationTime();
    const { handler } = aFunction();
    assert.deepEqual(await handler(eventAfter(1, "{", readable, "{"), context), failedMessages("1", "3"));
  });
});
