import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalText } from "@drift-guard/policy/canonical";
import { comparePolicies } from "@drift-guard/policy/compare";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import { printPolicy } from "@drift-guard/policy/print";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { allow, policy } from "./builders.ts";

const text = policy(allow(["ec2:Describe*", "ec2:RunInstances"], "*"));
const narrow = policy(allow("ec2:Describe*", "*"));

/** Texts of what is no policy, most of them with a path below the root. */
const malformed = [
  "{}",
  "null",
  "7",
  "[]",
  '{"Statement":null}',
  '{"Statement":[null]}',
  '{"Statement":[{}]}',
  '{"statements":[{"Effect":"Allow"}]}',
  '{"statements":[],"Statement":[null]}',
  '{"statements":[]}',
  '{"version":"2012-10-17","statements":[]}',
  '{"statements":[{"actions":{},"conditions":[]}]}',
  '{"statements":[{"effect":"Allow","actions":{"negated":false,"entries":[1]},"conditions":[]}]}',
  '{"Version":2012,"Statement":[]}',
  '{"Statement":[],"__proto__":{}}',
  '{"Statement":{"Effect":"Allow","Action":[["a:B"]],"Resource":"*"}}',
  '{"Statement":{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"a:b":{}}}}}',
  `{"Statement":${"[".repeat(70)}${"]".repeat(70)}}`,
  `{"Statement":"${"x".repeat(300_000)}"}`,
];

function failure(read: () => unknown): PolicySyntaxError {
  try {
    read();
  } catch (error) {
    if (error instanceof PolicySyntaxError) return error;
    throw error;
  }
  return assert.fail("was parsed");
}

describe("a policy given as the object that JSON.parse returns", () => {
  it("is compared like its text, on either side, in a list and as the boundary", () => {
    const object = JSON.parse(text);
    const boundary = JSON.parse(narrow);
    assert.equal(comparePolicies(object, text).relation, "equal");
    assert.equal(comparePolicies(text, [JSON.parse(narrow), object]).relation, "equal");
    assert.deepEqual(
      comparePolicies(object, boundary, { boundary }),
      comparePolicies(text, narrow, { boundary: narrow }),
    );
  });

  it("is parsed, printed and decided like its text", () => {
    assert.deepEqual(parsePolicy(JSON.parse(text)), parsePolicy(text));
    assert.equal(printPolicy(JSON.parse(text)), printPolicy(parsePolicy(text)));
    assert.equal(canonicalText(JSON.parse(text)), canonicalText(parsePolicy(text)));
    const request = { action: "ec2:RunInstances", resource: "*", context: {} };
    assert.equal(decide(request, [JSON.parse(text)]), "allowed");
    assert.equal(decide(request, [JSON.parse(narrow)]), "implicitDeny");
  });

  it("may hold numbers and booleans as condition values", () => {
    const condition = { Bool: { "aws:SecureTransport": false }, NumericEquals: { "s3:max-keys": [10, 0.5] } };
    const written = policy(allow("a:B", "*", { Condition: condition }));
    assert.deepEqual(parsePolicy(JSON.parse(written)), parsePolicy(written));
  });

  for (const json of malformed) {
    it(`fails like its text: ${json.slice(0, 70)}`, () => {
      const [ofText, ofObject] = [
        failure(() => parsePolicy(json)),
        failure(() => parsePolicy(JSON.parse(json))),
      ];
      assert.equal(ofObject.message, ofText.message);
      assert.equal(ofObject.path, ofText.path);
      const source = JSON.parse(json);
      const { relation, undecided } = comparePolicies([source], narrow);
      assert.equal(relation, "undecided");
      assert.deepEqual(undecided, comparePolicies([json], narrow).undecided);
    });
  }

  it("fails if JSON has no text for it", () => {
    const cycle: { Statement: unknown } = { Statement: undefined };
    cycle.Statement = cycle;
    for (const Statement of [cycle, 7n]) {
      assert.equal(failure(() => parsePolicy({ Statement })).path, "$");
      assert.equal(comparePolicies({ Statement }, narrow).relation, "undecided");
    }
  });

  it("is never taken for a parsed document because of its members", () => {
    const clone = structuredClone(parsePolicy(text));
    const heir = Object.create({ statements: [] });
    for (const source of [clone, heir, JSON.parse(JSON.stringify(parsePolicy(text)))]) {
      assert.throws(() => parsePolicy(source), PolicySyntaxError);
      assert.throws(() => printPolicy(source), PolicySyntaxError);
      assert.equal(comparePolicies([text, source], text).relation, "undecided");
    }
  });

  it("is parsed already if it is a copy by spread of a parsed document", () => {
    const document = parsePolicy(text);
    assert.equal(comparePolicies({ ...document }, text).relation, "equal");
    assert.equal(comparePolicies({ ...document, statements: [] }, text).relation, "narrower");
  });

  it("fails if reading it throws", () => {
    const thrower = {
      toJSON: () => {
        throw Symbol("no text");
      },
    };
    assert.equal(failure(() => parsePolicy({ Statement: thrower })).path, "$");
    assert.equal(comparePolicies({ Statement: thrower }, narrow).relation, "undecided");
  });
});
