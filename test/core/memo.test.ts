import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemo } from "@drift-guard/core/memo";
import fc from "fast-check";

describe("a memo", () => {
  it("computes a value once while it keeps the key", () => {
    const memo = createMemo<string>();
    let computed = 0;
    const compute = () => `value ${++computed}`;
    assert.deepEqual(
      [memo("a", compute), memo("b", compute), memo("a", compute)],
      ["value 1", "value 2", "value 1"],
    );
  });

  it("returns what the function returns, however little it keeps", () => {
    const keys = fc.array(fc.string({ maxLength: 6 }), { maxLength: 60 });
    fc.assert(
      fc.property(keys, fc.nat(20), (asked, maxCharacters) => {
        const memo = createMemo<string>(maxCharacters);
        for (const key of asked)
          assert.equal(
            memo(key, () => `<${key}>`),
            `<${key}>`,
          );
      }),
    );
  });

  it("keeps the keys that were asked for last, within its limit", () => {
    const memo = createMemo<number>(100);
    let computed = 0;
    const ask = (key: string) => memo(key, () => ++computed);
    ask("often");
    for (let number = 0; number < 1000; number += 1) {
      ask(`once ${number}`);
      ask("often");
    }
    assert.equal(computed, 1001);
    ask("once 0");
    assert.equal(computed, 1002);
  });

  it("keeps no key that fills it, and no error", () => {
    const memo = createMemo<number>(100);
    let computed = 0;
    const long = "x".repeat(51);
    memo(long, () => ++computed);
    memo(long, () => ++computed);
    assert.equal(computed, 2);
    const fail = () => {
      throw new Error("not now");
    };
    assert.throws(() => memo("a", fail), /not now/);
    assert.equal(
      memo("a", () => 3),
      3,
    );
  });
});
