import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createVirtualClock } from "@drift-guard/embedded/clock";
import { createRecheckQueue } from "@drift-guard/embedded/rechecks";
import { noon, secondsAfterNoon } from "../builders.ts";

describe("A queue of rechecks on a virtual clock", () => {
  it("returns each due recheck once, earliest first", async () => {
    const clock = createVirtualClock(noon);
    const queue = createRecheckQueue(clock);
    await queue.schedule({ role: "late", change: { id: "c-1" } }, 120);
    await queue.schedule({ role: "soon" }, 60);
    assert.deepEqual(queue.due(clock.now()), []);
    clock.advance(120);
    assert.deepEqual(queue.due(clock.now()), [{ role: "soon" }, { role: "late", change: { id: "c-1" } }]);
    assert.deepEqual(queue.due(clock.now()), []);
  });

  it("counts a delay from the time at which it was scheduled", async () => {
    const clock = createVirtualClock(noon);
    const queue = createRecheckQueue(clock);
    clock.advance(30);
    await queue.schedule({ role: "R" }, 60);
    assert.deepEqual(queue.due(new Date(secondsAfterNoon(89))), []);
    assert.deepEqual(queue.due(new Date(secondsAfterNoon(90))), [{ role: "R" }]);
  });

  it("reports when the next recheck is due", async () => {
    const clock = createVirtualClock(noon);
    const queue = createRecheckQueue(clock);
    assert.equal(queue.nextAt(), undefined);
    await queue.schedule({ role: "R" }, 60);
    const next = queue.nextAt();
    assert.equal(next?.toISOString(), secondsAfterNoon(60));
    if (next) clock.advanceTo(next);
    assert.deepEqual(queue.due(clock.now()), [{ role: "R" }]);
  });

  it("keeps a recheck that was scheduled twice, as a queue that delivers at least once", async () => {
    const queue = createRecheckQueue(createVirtualClock(noon));
    await queue.schedule({ role: "R" }, 0);
    await queue.schedule({ role: "R" }, 0);
    assert.equal(queue.due(new Date(noon)).length, 2);
  });
});

describe("A virtual clock", () => {
  it("never moves back", () => {
    const clock = createVirtualClock(noon);
    clock.advance(10);
    clock.advanceTo(new Date(noon));
    assert.equal(clock.now().toISOString(), secondsAfterNoon(10));
  });

  it("refuses a start that is not a date", () => {
    assert.throws(() => createVirtualClock("noon"), RangeError);
  });
});
