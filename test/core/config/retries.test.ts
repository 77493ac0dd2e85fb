import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { maxReceives, pauseAfter } from "@drift-guard/core/config/retries";

describe("The pauses between the receives of a message that fails", () => {
  const pauses = Array.from({ length: maxReceives - 1 }, (_, index) => pauseAfter(index + 1));

  it("begin with seconds, and never shrink", () => {
    assert.equal(pauses[0], 5);
    assert.deepEqual(
      pauses,
      pauses.toSorted((a, b) => a - b),
    );
    assert.equal(pauseAfter(0), 5);
  });

  it("outlast a throttling of half an hour, and end within an hour, so that the alarm comes", () => {
    const seconds = pauses.reduce((sum, pause) => sum + pause, 0);
    assert.ok(seconds > 1800 && seconds < 3600, `${seconds} seconds`);
  });
});
