import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { allow, deny, policy } from "./builders.ts";

const on = (condition: object) => policy(allow("s3:GetObject", "*", { Condition: condition }));
const at = (resource: string) => policy(allow("s3:GetObject", resource));
const free = policy(allow("s3:GetObject", "*"));

/** Ambiguous statements. On one side they are never equal to anything; the same one on both sides is equal. */
const ambiguous: readonly (readonly [what: string, text: string, reason: RegExp])[] = [
  ["an operator that IAM does not have", on({ StringMatches: { "x:k": "a" } }), /operator StringMatches/],
  ["no values", on({ StringEquals: { "x:k": [] } }), /has no values/],
  ["no values of a negated operator", on({ StringNotEqualsIfExists: { "x:k": [] } }), /has no values/],
  ["a date in another spelling", on({ DateLessThan: { "x:k": "20200401T000000Z" } }), /"20200401T000000Z"/],
  ["a date that does not exist", on({ DateLessThan: { "x:k": "2020-02-30" } }), /"2020-02-30"/],
  ["a date beyond the range of dates", on({ DateLessThan: { "x:k": "1e306" } }), /"1e306"/],
  ["four digits, which can be a year or epoch seconds", on({ DateLessThan: { "x:k": "2020" } }), /"2020"/],
  [
    "a negated condition on a text that is no date",
    on({ DateNotEquals: { "x:k": "tomorrow" } }),
    /"tomorrow"/,
  ],
  ["a prefix longer than an address", on({ IpAddress: { "x:k": "10.0.0.0/33" } }), /33/],
  ["an address with leading zeros", on({ NotIpAddress: { "x:k": "010.0.0.1" } }), /010/],
  ["a number too large", on({ NumericLessThan: { "x:k": "1e400" } }), /1e400/],
  ["more digits than a number has", on({ NumericEquals: { "x:k": "9007199254740993" } }), /9007199254740993/],
  ["a Null value that is neither true nor false", on({ Null: { "x:k": "maybe" } }), /"maybe"/],
  ["a policy variable as the value of Bool", on({ Bool: { "x:k": `\${aws:x}` } }), /cannot be read/],
  ["letters beyond ASCII with IgnoreCase", on({ StringEqualsIgnoreCase: { "x:k": "stra\u00dfe" } }), /ASCII/],
  [
    "a short ARN with a star inside",
    policy(allow("dynamodb:GetItem", "arn:aws:dynamodb:*:table/x")),
    /short ARN/,
  ],
  [
    "a private-use character, which the comparison uses for variables",
    at("arn:aws:s3:::\ue000"),
    /IAM does not accept/,
  ],
  ["a text longer than any ARN", at(`arn:aws:s3:::${"a".repeat(2100)}`), /more than 2048/],
  [
    "an empty NotResource",
    policy({ Effect: "Allow", Action: "s3:GetObject", NotResource: [] }),
    /excludes an empty list/,
  ],
  [
    "a NotPrincipal with an account and one of its users",
    policy({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      NotPrincipal: { AWS: ["111122223333", "arn:aws:iam::111122223333:user/Bob"] },
    }),
    /NotPrincipal/,
  ],
];

describe("a statement whose meaning AWS does not document", () => {
  for (const [what, text, reason] of ambiguous) {
    it(`is undecided with ${what}`, () => {
      const none = policy();
      for (const comparison of [comparePolicies(text, none), comparePolicies(none, text)]) {
        assert.equal(comparison.relation, "undecided");
        assert.ok(
          comparison.undecided.some(({ code, message }) => code === "unsupported" && reason.test(message)),
          JSON.stringify(comparison.undecided),
        );
      }
      // It may be narrower than an Allow of everything: its condition may only restrict.
      assert.notEqual(comparePolicies(free, text).relation, "equal");
      assert.notEqual(comparePolicies(text, free).relation, "equal");
      assert.equal(comparePolicies(text, [text]).relation, "equal");
    });
  }

  it("does not keep other statements from being decided", () => {
    const odd = { Condition: { StringMatches: { "x:k": "a" } } };
    const { relation, excess, undecided } = comparePolicies(
      policy(allow("iam:*", "*"), deny("s3:*", "*", odd)),
      policy(),
    );
    assert.deepEqual(
      excess.flatMap(({ actions }) => actions),
      ["iam:*"],
    );
    assert.equal(relation, "undecided");
    assert.equal(undecided.length, 1);
  });
});
