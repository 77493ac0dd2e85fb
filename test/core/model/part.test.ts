import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Evidence } from "@drift-guard/core/model/evidence";
import {
  inlinePart,
  isSamePart,
  managedPart,
  Part,
  type PartText,
  partOf,
  tagPart,
} from "@drift-guard/core/model/part";
import fc from "fast-check";
import * as z from "zod";
import { everyEvidence } from "../../builders.ts";

const whole = ["role", "trust", "boundary", "description", "session", "profile", "permissions"] as const;
const texts: fc.Arbitrary<PartText> = fc.oneof(
  fc.constantFrom(...whole),
  fc
    .tuple(fc.constantFrom("managed", "inline", "tag"), fc.string())
    .map(([kind, name]): PartText => `${kind}:${name}`),
);

describe("a part", () => {
  it("reads from its text, whatever its name contains", () => {
    assert.deepEqual(
      Part.parse("managed:arn:aws:iam::aws:policy/X"),
      managedPart("arn:aws:iam::aws:policy/X"),
    );
    assert.deepEqual(Part.parse("inline:a:b c"), inlinePart("a:b c"));
    assert.deepEqual(Part.parse("tag:"), tagPart(""));
    for (const kind of whole) assert.equal(Part.parse(kind).kind, kind);
  });

  it("refuses other texts", () => {
    for (const text of [
      "",
      "Trust",
      "trust:",
      "managed",
      "policy:x",
      "Inline:x",
      7,
      null,
      { kind: "trust" },
    ]) {
      assert.equal(Part.safeParse(text).success, false, JSON.stringify(text));
    }
  });

  it("is its text in JSON, in templates and where it is encoded", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const part = partOf(text);
        assert.equal(JSON.stringify({ part }), JSON.stringify({ part: text }));
        assert.equal(`${part}`, text);
        assert.equal(z.encode(Part, part), text);
        assert.deepEqual(Part.parse(text), part);
      }),
    );
  });

  it("is the same part as another exactly if their texts are the same", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        assert.equal(isSamePart(partOf(a), partOf(b)), a === b);
        assert.ok(isSamePart(partOf(a), partOf(a)));
      }),
    );
  });

  it("is encoded and decoded in every kind of evidence", () => {
    for (const evidence of everyEvidence()) {
      const encoded = z.encode(Evidence, evidence);
      assert.equal(encoded.part, evidence.part.toString());
      assert.deepEqual(Evidence.parse(encoded), evidence);
    }
  });

  it("is the same part as its structured clone, and no other", () => {
    const [trust, managed] = [partOf("trust"), partOf("managed:a")];
    assert.ok(isSamePart(structuredClone(managed), managed));
    assert.ok(!isSamePart(structuredClone(managed), structuredClone(trust)));
    assert.ok(!isSamePart(structuredClone(managed), partOf("inline:a")));
  });
});
