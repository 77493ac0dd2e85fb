import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sanitise, sanitiseAscii, truncate } from "@drift-guard/formats/printable";
import fc from "fast-check";

const hostile = fc.string({ unit: "binary", maxLength: 700 });

describe("text from outside", () => {
  it("escapes control characters, bidirectional marks and newlines", () => {
    assert.equal(sanitise("a\u001b[2Jb"), "a\\u{1b}[2Jb");
    assert.equal(sanitise("admin\u202Eresu"), "admin\\u{202e}resu");
    assert.equal(sanitise("one\r\ntwo\tthree\u2028four"), "one\\r\\ntwo\\tthree\\u{2028}four");
  });

  it("leaves printable text of any script unchanged", () => {
    assert.equal(sanitise("Größe 日本 ñ 🚀"), "Größe 日本 ñ 🚀");
  });

  it("becomes one printable line of bounded length", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 5, max: 400 }), (text, most) => {
        const shown = sanitise(text, most);
        assert.ok(shown.length <= most);
        assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        assert.equal(sanitise(shown, most), shown);
      }),
    );
  });

  it("becomes printable ASCII for fields that take nothing else", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 5, max: 400 }), (text, most) => {
        assert.match(sanitiseAscii(text, most), new RegExp(`^[\\x20-\\x7e]{0,${most}}$`));
      }),
    );
  });

  it("is cut between characters, never inside one", () => {
    assert.equal(truncate("🚀🚀🚀", 4), "🚀…");
    assert.equal(truncate("abcdef", 6), "abcdef");
  });
});
