import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describePartTexts } from "@drift-guard/core/evaluate/part-texts";
import { inlinePart, managedPart, partOf, tagPart } from "@drift-guard/core/model/part";
import { seen, unseen } from "@drift-guard/core/model/role";
import { findReference } from "@drift-guard/core/reference/built-in";
import { allow, aRole, batchServicePolicy } from "../../builders.ts";

const reference = findReference("AWSBatchServiceRole");
assert.ok(reference);

describe("the texts of a part", () => {
  it("are both documents of a trust policy", () => {
    const role = aRole();
    assert.deepEqual(describePartTexts(partOf("trust"), role, reference), {
      expected: reference.trust,
      found: role.trust,
    });
  });

  it("lack what the role does not have", () => {
    const texts = describePartTexts(managedPart(batchServicePolicy), aRole({ attached: [] }), reference);
    assert.equal(texts.found, undefined);
    assert.equal(texts.expected, reference.attachments[0]?.document);
    assert.deepEqual(
      describePartTexts(managedPart("arn:aws:iam::aws:policy/Other"), undefined, reference),
      {},
    );
  });

  it("lack what the reference does not have, and what was not read", () => {
    const text = allow("s3:*");
    const role = aRole({
      inline: [{ name: "extra", text }],
      tags: unseen("IAM denied it."),
      maxSession: seen(7200),
    });
    assert.deepEqual(describePartTexts(inlinePart("extra"), role, reference), { found: text });
    assert.deepEqual(describePartTexts(tagPart("team"), role, reference), {});
    assert.deepEqual(describePartTexts(partOf("session"), role, reference), { found: "7200 seconds" });
  });

  it("are cut where they are long, and say so", () => {
    const role = aRole({ inline: [{ name: "extra", text: "x".repeat(9_000) }] });
    const { found = "" } = describePartTexts(inlinePart("extra"), role, reference);
    assert.match(found, /^x{6000}… \(cut: 9000 characters in all\)$/);
  });
});
