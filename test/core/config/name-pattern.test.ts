import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesName, patternsIntersect } from "@drift-guard/core/config/name-pattern";
import fc from "fast-check";

const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 6 });
const name = fc.string({ unit: fc.constantFrom("a", "b", ":", "."), maxLength: 8 });

/** Every text of up to `length` letters a and b. */
function listTexts(length: number): readonly string[] {
  if (length === 0) return [""];
  const shorter = listTexts(length - 1);
  return [
    ...shorter,
    ...shorter.filter((text) => text.length === length - 1).flatMap((text) => [`${text}a`, `${text}b`]),
  ];
}

describe("a pattern of the configuration", () => {
  it("matches the texts that the regular expression with .* for each star matches", () => {
    fc.assert(
      fc.property(pattern, name, (written, text) => {
        const expected = new RegExp(`^${written.replaceAll("*", ".*")}$`, "s").test(text);
        assert.equal(matchesName(written, text), expected);
      }),
    );
  });

  it("takes every character but the star for itself", () => {
    assert.ok(matchesName("arn:aws:iam::*:role/a.b+c?", "arn:aws:iam::1:2:role/a.b+c?"));
    assert.ok(!matchesName("a.c", "abc"));
    assert.ok(!matchesName("a?c", "abc"));
  });

  it("decides at once on a hostile name, however many stars the pattern has", () => {
    assert.ok(!matchesName(`${"*a".repeat(32)}b`, "a".repeat(100_000)));
  });

  it("intersects another exactly if some text matches both", () => {
    const texts = listTexts(7);
    const short = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 4 });
    fc.assert(
      fc.property(short, short, (one, other) => {
        const both = texts.some((text) => matchesName(one, text) && matchesName(other, text));
        assert.equal(patternsIntersect(one, other), both, `${one} and ${other}`);
      }),
    );
  });
});
