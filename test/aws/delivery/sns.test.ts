import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitMessage, fitSubject } from "@drift-guard/aws/delivery/sns";
import fc from "fast-check";
import * as z from "zod";

const Message = z.strictObject({ default: z.string(), https: z.string().optional() });

describe("A message to a topic", () => {
  it("has a subject that SNS accepts, from any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (subject) => {
        assert.match(fitSubject(subject), /^[\x21-\x7e][\x20-\x7e]{0,98}$/);
      }),
    );
  });

  it("keeps a subject that SNS accepts", () => {
    assert.equal(fitSubject("drift-guard: HIGH, opened"), "drift-guard: HIGH, opened");
  });

  it("contains the text, cut if necessary, and stays within the limit", () => {
    const text = fc.string({ unit: "binary", minLength: 200, maxLength: 2000 });
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 400 }), (body, chat, times) => {
        const message = fitMessage({ subject: "s", text: body.repeat(times), chat: chat.repeat(times) });
        assert.ok(Buffer.byteLength(message) <= 262_144);
        const { default: cut } = Message.parse(JSON.parse(message));
        assert.ok(cut === body.repeat(times) || /…\n\(cut\)\n$/.test(cut));
      }),
      { numRuns: 50 },
    );
  });

  it("leaves out the chat form before it cuts the text", () => {
    const text = "é".repeat(100_000);
    const message = Message.parse(JSON.parse(fitMessage({ subject: "s", text, chat: text })));
    assert.deepEqual(message, { default: text });
  });
});
