import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ascii, cut, plain } from "@drift-guard/formats/plain";
import fc from "fast-check";

const hostile = fc.string({ unit: "binary", maxLength: 700 });

describe("foreign text", () => {
  it("shows control characters, bidi marks and newlines instead of obeying them", () => {
    assert.equal(plain("a\u001b[2Jb"), "a\\u{1b}[2Jb");
    assert.equal(plain("admin\u202Eresu"), "admin\\u{202e}resu");
    assert.equal(plain("one\r\ntwo\tthree\u2028four"), "one\\r\\ntwo\\tthree\\u{2028}four");
  });

  it("leaves ordinary text of any script alone", () => {
    assert.equal(plain("Größe 日本 ñ 🚀"), "Größe 日本 ñ 🚀");
  });

  it("is one printable line of bounded length, whatever it was", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 5, max: 400 }), (text, most) => {
        const shown = plain(text, most);
        assert.ok(shown.length <= most);
        assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        assert.equal(plain(shown, most), shown);
      }),
    );
  });

  it("is printable ASCII where nothing else is taken", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 5, max: 400 }), (text, most) => {
        assert.match(ascii(text, most), new RegExp(`^[\\x20-\\x7e]{0,${most}}$`));
      }),
    );
  });

  it("is cut between characters, never inside one", () => {
    assert.equal(cut("🚀🚀🚀", 4), "🚀…");
    assert.equal(cut("abcdef", 6), "abcdef");
  });
});
