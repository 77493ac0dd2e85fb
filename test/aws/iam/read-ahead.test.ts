import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAhead } from "@drift-guard/aws/iam/read-ahead";
import fc from "fast-check";

describe("reading ahead", () => {
  it("yields results in order, with no more reads at once than the limit, whatever ends first", async () => {
    const times = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 6 }), async (turns, limit) => {
        let running = 0;
        let most = 0;
        const items = turns.map((count, index) => ({ count, index }));
        const results: number[] = [];
        const readings = readAhead(items, limit, async ({ count, index }) => {
          running += 1;
          most = Math.max(most, running);
          for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
          running -= 1;
          return index;
        });
        for await (const result of readings) results.push(result);
        assert.deepEqual(
          results,
          items.map(({ index }) => index),
        );
        assert.ok(most <= limit);
        if (items.length >= limit) assert.equal(most, limit);
      }),
      { numRuns: 100 },
    );
  });

  it("yields what comes before a failure, throws it in its turn, and hides later ones", async () => {
    const results: number[] = [];
    const readings = readAhead([1, 2, 3, 4, 5], 3, async (item) => {
      if (item >= 3) throw new Error(`no ${item}`);
      return item;
    });
    await assert.rejects(
      async () => {
        for await (const result of readings) results.push(result);
      },
      { message: "no 3" },
    );
    assert.deepEqual(results, [1, 2]);
  });

  it("reads nothing that is not asked for", async () => {
    const read: number[] = [];
    for await (const _ of readAhead([1, 2, 3, 4, 5, 6], 2, async (item) => read.push(item))) break;
    assert.deepEqual(read, [1, 2]);
  });
});
