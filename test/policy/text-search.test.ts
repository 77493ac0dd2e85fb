import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { acceptsText } from "../../packages/policy/pattern/accepts.ts";
import { findTexts } from "../../packages/policy/pattern/best-texts.ts";
import { areDisjoint, coversPattern } from "../../packages/policy/pattern/cover.ts";
import { compileArn, compileText, type Pattern } from "../../packages/policy/pattern/pattern.ts";

/** Returns all texts over an alphabet up to a length. */
function listWords(alphabet: string, longest: number): readonly string[] {
  let words = [""];
  const all = [...words];
  for (let length = 1; length <= longest; length++) {
    words = words.flatMap((word) => [...alphabet].map((char) => word + char));
    all.push(...words);
  }
  return all;
}

const words = listWords("abAq", 5);
// Of the six segments, only the last two vary.
const arns = listWords("ab:", 4).flatMap((word) => [`:::a:${word}`, `:::::${word}`, `:b:::a:${word}`]);

const piece = fc.constantFrom("a", "b", "A", "*", "?", "*", "ab");
const glob = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join("").replace(/\*+/g, "*"));
const text = fc.tuple(glob, fc.boolean()).map(([pattern, fold]) => compileText(pattern, pattern, fold));
const arn = fc
  .tuple(fc.constantFrom(":::", "*:::", "::*:", ":?::", ":*:*:*:", "*"), glob, glob)
  .map(([start, one, other]) => (start === "*" ? `${one}*` : `${start}${one}:${other}`))
  .map((pattern) => compileArn(pattern.replace(/\*+/g, "*"), pattern));

const wanted = fc.constantFrom("avoided" as const, "matched" as const, "either" as const);

function assertBest(
  universe: readonly string[],
  base: Pattern,
  excluded: Pattern[],
  goals: Parameters<typeof findTexts>[2],
) {
  const found = findTexts(base, excluded, goals, [], { left: 1_000_000 });
  for (const { text: one, matched } of found) {
    assert.ok(acceptsText(base, one), `the base matches ${one}`);
    assert.ok(!excluded.some((pattern) => acceptsText(pattern, one)), `${one} is not excluded`);
    for (const [index, { pattern }] of goals.entries()) {
      assert.equal(matched.has(index), acceptsText(pattern, one), `${one} and ${pattern.text}`);
    }
  }
  for (const word of universe) {
    if (!acceptsText(base, word) || excluded.some((pattern) => acceptsText(pattern, word))) continue;
    const isDominated = found.some(({ matched }) =>
      goals.every(({ pattern, wanted: want }, index) => {
        const accepts = acceptsText(pattern, word);
        if (want === "avoided") return !matched.has(index) || accepts;
        return want === "matched" ? matched.has(index) || !accepts : matched.has(index) === accepts;
      }),
    );
    assert.ok(isDominated, `no found text is as good as ${JSON.stringify(word)}`);
  }
}

describe("the text search", () => {
  for (const [kind, pattern, universe] of [
    ["texts", text, words],
    ["ARNs", arn, arns],
  ] as const) {
    it(`finds ${kind} that dominate every other one`, () => {
      const goal = fc.record({ pattern, wanted });
      fc.assert(
        fc.property(
          pattern,
          fc.array(pattern, { maxLength: 2 }),
          fc.array(goal, { maxLength: 4 }),
          (base, excluded, goals) => {
            assertBest(universe, base, excluded, goals);
          },
        ),
        { numRuns: 800 },
      );
    });

    it(`is right about patterns of ${kind} that cover each other or are disjoint`, () => {
      fc.assert(
        fc.property(pattern, pattern, (one, other) => {
          const [covers, apart] = [coversPattern(one, other), areDisjoint(one, other)];
          if (!covers && !apart) return;
          for (const word of universe) {
            const [inOne, inOther] = [acceptsText(one, word), acceptsText(other, word)];
            if (covers && inOther) assert.ok(inOne, word);
            if (apart && inOne) assert.ok(!inOther, word);
          }
        }),
        { numRuns: 4000 },
      );
    });
  }
});
