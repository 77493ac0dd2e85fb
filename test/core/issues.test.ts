import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatFirstIssue, formatIssues, formatJsonFault, isMissing } from "@drift-guard/core/issues";
import * as z from "zod";

const Shape = z.object({
  name: z.string(),
  document: z.union([z.string(), z.object()]),
  sizes: z.array(z.number()),
});

describe("the issues of a value", () => {
  it("name a missing field, whatever its type", () => {
    const { error } = Shape.safeParse({ sizes: [] });
    assert.ok(error);
    assert.equal(formatIssues(error, { sizes: [] }), "  name is missing\n  document is missing");
    assert.equal(formatFirstIssue(error, {}), "name is missing");
  });

  it("say what is wrong with a present field, and its path", () => {
    const value = { name: "x", document: 7, sizes: [1, "2"] };
    const { error } = Shape.safeParse(value);
    assert.ok(error);
    assert.match(formatIssues(error, value), /^ {2}expected number, received string, at sizes\[1\]$/m);
    assert.match(formatIssues(error, value), /, at document$/m);
  });

  it("name no path if the whole value is wrong", () => {
    const { error } = Shape.safeParse([]);
    assert.ok(error);
    assert.equal(formatIssues(error, []), "  expected object, received array");
    assert.equal(isMissing(["name"], null), false);
  });
});

describe("the place of a JSON error", () => {
  it("is the first character that no JSON text has there", () => {
    for (const [text, place] of [
      ["not json", "line 1, column 1"],
      ['{\n  "a": [x]}', "line 2, column 9"],
      ["{", "line 1, column 2"],
      ["\uFEFF{} {}", "line 1, column 4"],
      ['{"a": 1, "a": 2, }', "line 1, column 18"],
      [`["${"x".repeat(400_000)}", ]`, "line 1, column 400006"],
    ] as const) {
      assert.throws(() => JSON.parse(text.replace("\uFEFF", "")));
      assert.equal(formatJsonFault(text), place);
    }
  });
});
