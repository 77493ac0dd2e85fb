import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SNSClient } from "@aws-sdk/client-sns";
import { fitMessage, fitSubject, publishNotice } from "@drift-guard/aws/delivery/sns";
import fc from "fast-check";
import * as z from "zod";
import { clientSettingsFor } from "../client-settings.ts";
import { type Call, withResponder, xml } from "../responder.ts";

const Message = z.strictObject({
  default: z.string(),
  https: z.string().optional(),
  lambda: z.string().optional(),
  firehose: z.string().optional(),
});

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

  it("leaves room for its attributes", () => {
    const text = "x".repeat(262_000);
    const attributes = { role: "r".repeat(256), part: "p".repeat(256) };
    const message = fitMessage({ subject: "s", text, chat: "{}", attributes });
    assert.ok(Buffer.byteLength(message) + 256 + 256 + "roleStringpartString".length <= 262_144);
  });

  it("has attributes of type String", async () => {
    const bodies: string[] = [];
    const take = ({ body }: Call) => {
      bodies.push(body);
      return xml("Publish", "<MessageId>m-1</MessageId>");
    };
    await withResponder(take, async ({ endpoint }) => {
      const attributes = { severity: "HIGH", role: "a b" };
      const topic = "arn:aws:sns:us-east-1:123456789012:alerts";
      await publishNotice(new SNSClient(clientSettingsFor(endpoint)), topic, {
        subject: "s",
        text: "t",
        chat: "{}",
        attributes,
      });
    });
    const sent = new URLSearchParams(bodies[0]);
    const entry = (index: number) =>
      ["Name", "Value.DataType", "Value.StringValue"].map((field) =>
        sent.get(`MessageAttributes.entry.${index}.${field}`),
      );
    assert.deepEqual(
      [entry(1), entry(2)],
      [
        ["severity", "String", "HIGH"],
        ["role", "String", "a b"],
      ],
    );
  });

  it("has JSON for Lambda and Firehose, and leaves that out first", () => {
    const notice = { subject: "s", text: "t", chat: "{}" };
    const formsOf = (json: string) => Message.parse(JSON.parse(fitMessage({ ...notice, json })));
    assert.deepEqual(formsOf('{"a":1}'), {
      default: "t",
      https: "{}",
      lambda: '{"a":1}',
      firehose: '{"a":1}',
    });
    assert.deepEqual(formsOf("x".repeat(140_000)), { default: "t", https: "{}" });
  });

  it("leaves out the chat form before it cuts the text", () => {
    const text = "é".repeat(100_000);
    const message = Message.parse(JSON.parse(fitMessage({ subject: "s", text, chat: text })));
    assert.deepEqual(message, { default: text });
  });
});
