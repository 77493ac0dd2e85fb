import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import fc from "fast-check";

const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
const write = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });

function failure(text: string): PolicySyntaxError {
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) return error;
    throw error;
  }
  return assert.fail(`was parsed: ${text}`);
}

describe("a policy text", () => {
  it("may hold one statement as an object or several as a list", () => {
    const listed = parsePolicy(write(statement));
    assert.deepEqual(parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statement })), listed);
    assert.deepEqual(listed.statements[0]?.actions, { negated: false, entries: ["s3:GetObject"] });
  });

  it("may be percent-encoded, with a BOM and CRLF, and keeps a plus sign", () => {
    const text = write({ ...statement, Resource: "arn:aws:s3:::a+b" });
    const plain = parsePolicy(text);
    assert.deepEqual(parsePolicy(encodeURIComponent(text).replaceAll("%2B", "+")), plain);
    assert.deepEqual(parsePolicy(`\uFEFF \r\n${text.replaceAll(",", ",\r\n")}`), plain);
    assert.deepEqual(plain.statements[0]?.resources?.entries, ["arn:aws:s3:::a+b"]);
  });

  it("may hold booleans and numbers as condition values, repetitions, empty Sids and empty lists", () => {
    const condition = {
      bool: { "AWS:SecureTransport": false },
      NumericEquals: { "s3:max-keys": [10, 10, "5"] },
    };
    const [read] = parsePolicy(write({ ...statement, Sid: "", Action: [], Condition: condition })).statements;
    assert.equal(read?.sid, "");
    assert.deepEqual(read?.actions.entries, []);
    assert.deepEqual(
      read?.conditions.map(({ operator, key, values }) => ({ operator, key, values })),
      [
        { operator: "Bool", key: "aws:securetransport", values: ["false"] },
        { operator: "NumericEquals", key: "s3:max-keys", values: ["10", "5"] },
      ],
    );
  });

  it("fails with the JSON path of the error", () => {
    assert.equal(failure(write(statement, { ...statement, Action: {} })).path, "$.Statement[1].Action");
    assert.equal(failure(write({ ...statement, Resource: ["*", null] })).path, "$.Statement[0].Resource[1]");
    assert.equal(failure(write({ ...statement, Effect: "allow" })).path, "$.Statement[0].Effect");
    assert.equal(failure(write({ ...statement, Principle: "*" })).path, "$.Statement[0].Principle");
    assert.equal(
      failure(write({ ...statement, Condition: { Bool: "x" } })).path,
      "$.Statement[0].Condition.Bool",
    );
    assert.equal(failure(write({ Effect: "Allow", Action: "*" })).path, "$.Statement[0]");
    assert.equal(failure(write({ ...statement, NotAction: "*" })).path, "$.Statement[0]");
    assert.equal(failure('{"Version":"2012-10-18","Statement":[]}').path, "$.Version");
    assert.equal(failure("[]").path, "$");
  });

  it("fails with line and column if the JSON is broken", () => {
    assert.deepEqual(failure('{\n  "Statement": [,]\n}').position, { line: 2, column: 17 });
    assert.deepEqual(failure('{"Statement":[]').position, { line: 1, column: 16 });
    assert.match(failure("").message, /line 1, column 1/);
    assert.match(failure("%7B%E0%A4%A").message, /percent-encoded/);
  });

  it("fails if an object has a member twice, because parsers differ in which one they keep", () => {
    const twice = `{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}`;
    assert.match(failure(twice).message, /"Effect" is given twice/);
  });

  it("cannot reach an object's prototype", () => {
    assert.equal(failure('{"__proto__":{"Statement":[]}}').path, "$.__proto__");
    const condition = '{"StringEquals":{"__proto__":"x"}}';
    const text = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":${condition}}}`;
    assert.equal(parsePolicy(text).statements[0]?.conditions[0]?.key, "__proto__");
  });

  it("fails if it is nested too deep", () => {
    assert.match(failure("[".repeat(100_000)).message, /nested/);
    assert.match(failure(`{"a":`.repeat(50_000)).message, /nested/);
  });

  it("gives a document or a syntax error for any text", () => {
    const damaged = fc
      .tuple(fc.jsonValue(), fc.nat(), fc.string({ maxLength: 3 }))
      .map(([value, at, insert]) => {
        const text = write({ ...statement, Condition: value });
        const cut = at % text.length;
        return text.slice(0, cut) + insert + text.slice(cut + (at % 2));
      });
    fc.assert(
      fc.property(fc.oneof(fc.string(), damaged, fc.json()), (text) => {
        try {
          parsePolicy(text);
        } catch (error) {
          assert.ok(error instanceof PolicySyntaxError);
          assert.ok(error.path.startsWith("$"));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
