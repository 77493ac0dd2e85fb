import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { longestRecord, RecordSplitter, type TrailItem } from "drift-guard/trail/splitter";
import fc from "fast-check";

function split(input: string | Uint8Array, size = Number.POSITIVE_INFINITY): readonly TrailItem[] {
  const bytes = Buffer.from(input);
  const splitter = new RecordSplitter();
  const items: TrailItem[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    items.push(...splitter.push(bytes.subarray(from, from + size)));
  }
  return [...items, ...splitter.end()];
}

// The records, with ✗ and its number in place of each unreadable one.
function outcome(items: readonly TrailItem[]): readonly unknown[] {
  return items.map((item) => {
    const failed = `✗${item.place.record}`;
    if ("problem" in item) return failed;
    try {
      return JSON.parse(item.text);
    } catch {
      return failed;
    }
  });
}

const records = [{ a: "1" }, { b: { c: ['}],"\\{', "ü🚀\n"] } }, {}, { d: [[], [{}], null, -1.5e3, true] }];

describe("splitting a trail into records", () => {
  const forms: Readonly<Record<string, string>> = {
    "a trail file": JSON.stringify({ Records: records }),
    "a trail file with members beside the list": `{"x":{"y":["]}"]},"Records":${JSON.stringify(records)},"z":[{"q":1}],"t":"}"}`,
    "a printed trail file": JSON.stringify({ Records: records }, null, 2),
    "LookupEvents' answer": JSON.stringify({ Events: records, NextToken: 'a"}]' }),
    "a list": JSON.stringify(records),
    "a printed list": JSON.stringify(records, null, "\t"),
    "JSON lines": `${records.map((record) => JSON.stringify(record)).join("\n")}\n`,
    "JSON lines of another system": `\uFEFF${records.map((record) => JSON.stringify(record)).join("\r\n")}`,
    "printed objects, one after the other": records
      .map((record) => JSON.stringify(record, null, 1))
      .join("\n"),
    "objects without anything between": records.map((record) => JSON.stringify(record)).join(""),
  };

  for (const [form, text] of Object.entries(forms)) {
    it(`finds the records of ${form}, wherever the chunks end`, () => {
      for (const size of [1, 2, 3, 7, 64, Number.POSITIVE_INFINITY]) {
        assert.deepEqual(outcome(split(text, size)), records);
      }
    });
  }

  it("returns every JSON object unchanged, in any form and any chunks", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
        fc.constantFrom("lines", "list", "wrapper", "printed"),
        fc.integer({ min: 1, max: 50 }),
        (objects, form, size) => {
          // An object with a list named Records is itself the object around the records.
          fc.pre(objects.every((object) => !("Records" in object) && !("Events" in object)));
          const text = {
            lines: objects.map((object) => JSON.stringify(object)).join("\n"),
            list: JSON.stringify(objects),
            wrapper: JSON.stringify({ Records: objects }),
            printed: JSON.stringify({ Records: objects }, null, 2),
          }[form];
          assert.deepEqual(
            outcome(split(text, size)),
            objects.map((object) => JSON.parse(JSON.stringify(object))),
          );
        },
      ),
    );
  });

  it("reports the number, line and byte where each record begins", () => {
    const places = split('{"Records":[\n  {"ü":1},\n  {"b":2}]}').map(({ place }) => place);
    assert.deepEqual(places, [
      { record: 1, line: 2, offset: 15 },
      { record: 2, line: 3, offset: 27 },
    ]);
  });

  it("reports a broken line and goes on with the next", () => {
    const broken = [
      '{"a": {"b": 1}',
      '{"a": "text',
      '{"a":',
      '{"a": [1, 2',
      "garbage",
      '{"a": 1}}',
      '"text"',
      '{"a" "b"}',
      "{'a': 1}",
    ];
    for (const line of broken) {
      const items = outcome(split(`{"n":1}\n${line}\n{"n":2}\n{"n":3}\n`, 5));
      const read = items.filter((item) => typeof item === "object");
      assert.ok(items.includes("✗2") || items.includes("✗3"), line);
      assert.deepEqual(
        read.filter((item) => item !== null && "n" in Object(item)),
        [{ n: 1 }, { n: 2 }, { n: 3 }],
        line,
      );
      assert.equal(items.filter((item) => typeof item === "string").length, 1, line);
    }
  });

  it("skips a time before a record in its line, and reports one without a record", () => {
    const time = "2026-01-02T03:04:05.123Z";
    for (const size of [1, 5, Number.POSITIVE_INFINITY]) {
      assert.deepEqual(outcome(split(`${time} {"a":1}\n${time} stream {"b":2}\n`, size)), [
        { a: 1 },
        { b: 2 },
      ]);
      assert.deepEqual(outcome(split(`${time} START\n{"a":1}\n${time}`, size)), ["✗1", { a: 1 }, "✗3"]);
      assert.deepEqual(outcome(split(`${time} ERROR: got {"a":1}\n`, size)), ["✗1", { a: 1 }]);
    }
    const [first, second] = split(`${time} {"a":1}\n${time} {"b":2}`).map(({ place }) => place);
    assert.deepEqual([first?.record, second?.record, second?.line], [1, 2, 2]);
  });

  it("reports a broken record in a list and goes on with the next", () => {
    const broken = ['{"a":1', '{"a":"text}', '{"a" 1}', '{"a":[1}', "null", "17", '"}, {"', '{"a":{"b":1}'];
    for (const record of broken) {
      for (const size of [1, 1000]) {
        const items = outcome(split(`{"Records":[{"n":1},${record},{"n":2},{"n":3}]}`, size));
        assert.deepEqual(items[0], { n: 1 }, record);
        assert.equal(items[1], "✗2", record);
        assert.deepEqual(items.at(-1), { n: 3 }, record);
      }
    }
  });

  it("reports input that ends inside a record or before the end of its list", () => {
    assert.deepEqual(outcome(split('[{"a":1},{"b":')), [{ a: 1 }, "✗2"]);
    assert.deepEqual(outcome(split('{"Records":[{"a":1},')), [{ a: 1 }, "✗2"]);
    assert.deepEqual(outcome(split('{"Records":[{"a":1}]')), [{ a: 1 }, "✗2"]);
  });

  it("returns a JSON text of an object or list like an object, wherever it stands", () => {
    const text = JSON.stringify(JSON.stringify({ a: 'b, "c] {' }));
    for (const input of [text, `${text}\n${text}`, `[${text},${text}]`, `{"Records":[${text}, ${text}]}`])
      for (const item of outcome(split(input, 3))) assert.equal(JSON.stringify(item), text);
    assert.equal(split(`[${text},${text}]`).length, 2);
  });

  it("returns no items for empty input", () => {
    assert.deepEqual(split(""), []);
    assert.deepEqual(split(" \n"), []);
    assert.deepEqual(split('{"Records":[]}'), []);
  });

  it("reports the byte at which the JSON of a record breaks", () => {
    const [item] = split('{"a": 1 2}');
    assert.ok(item && "problem" in item);
    assert.match(item.problem, /breaks at byte 8, line 1/);
  });

  it("does not keep a record that is too long", () => {
    const splitter = new RecordSplitter();
    const items: TrailItem[] = [...splitter.push(Buffer.from('{"a":"'))];
    const megabyte = Buffer.alloc(1024 * 1024, "x");
    for (let size = 0; size <= longestRecord; size += megabyte.length) items.push(...splitter.push(megabyte));
    items.push(...splitter.push(Buffer.from('"}\n{"b":1}')), ...splitter.end());
    assert.deepEqual(outcome(items), ["✗1", { b: 1 }]);
  });

  it("numbers records consecutively on any bytes, without throwing", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .string({ unit: fc.constantFrom(...'{}[],:"\\\n a1'), maxLength: 60 })
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 30 }), (input, size) => {
        const items = split(input, size);
        assert.deepEqual(items, split(input));
        for (const [index, { place }] of items.entries()) assert.equal(place.record, index + 1);
      }),
    );
  });
});
