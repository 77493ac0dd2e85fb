import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decideFullRead, type FullReads } from "@drift-guard/core/model/full-reads";
import { noon, secondsAfterNoon } from "../../builders.ts";

describe("a read of every watched role", () => {
  const later = "9999-12-31T00:00:00Z" as const;

  it("begins although somebody moved the times of others into the future", () => {
    const each: readonly FullReads[] = [
      { version: 1, begun: later },
      { version: 1, finished: later },
      { version: 1, begun: later, requested: later },
    ];
    for (const forged of each) assert.deepEqual(decideFullRead(forged, noon, noon), { kind: "begin" });
  });

  it("waits for one that began less than a minute ago, and for the next one that is requested", () => {
    const reads = { version: 1, begun: noon };
    const next = decideFullRead(reads, secondsAfterNoon(10), secondsAfterNoon(10));
    assert.deepEqual(next, { kind: "request", at: new Date(secondsAfterNoon(60)) });
    const requested = { ...reads, requested: secondsAfterNoon(60) };
    assert.deepEqual(decideFullRead(requested, secondsAfterNoon(10), secondsAfterNoon(10)), { kind: "wait" });
    const finished = { ...reads, finished: secondsAfterNoon(20) };
    assert.deepEqual(decideFullRead(finished, secondsAfterNoon(10), secondsAfterNoon(30)), { kind: "done" });
  });
});
