import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeDocument } from "@drift-guard/aws/iam/document";
import fc from "fast-check";
import { allow } from "../../builders.ts";

describe("decodeDocument", () => {
  it("returns any document, percent-encoded or plain, as plain text", () => {
    const document = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(document, (text) => {
        assert.equal(decodeDocument(encodeURIComponent(text)), text);
        assert.equal(decodeDocument(text), text);
      }),
    );
  });

  it("decodes a document that begins with white space", () => {
    assert.equal(decodeDocument(encodeURIComponent(`\n  ${allow("s3:*")}`)), `\n  ${allow("s3:*")}`);
  });

  it("keeps percent signs and pluses of a plain document", () => {
    const plain = allow("s3:GetObject", "arn:aws:s3:::a+b%2F%7B/*");
    assert.equal(decodeDocument(plain), plain);
  });

  it("returns other text unchanged", () => {
    for (const text of ["", "%7B%", "%zz", "not a document"]) assert.equal(decodeDocument(text), text);
  });
});
