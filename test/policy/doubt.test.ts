import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { allow, deny, policy } from "./builders.ts";

const on = (condition: object) => policy(allow("s3:GetObject", "*", { Condition: condition }));
const at = (resource: string) => policy(allow("s3:GetObject", resource));
const free = policy(allow("s3:GetObject", "*"));

/** What is unclear: alone on a side it is never equal to anything; on both sides alike it is. */
const unclear: readonly (readonly [what: string, text: string, reason: RegExp])[] = [
  ["an operator that IAM does not have", on({ StringMatches: { "x:k": "a" } }), /operator StringMatches/],
  ["no values", on({ StringEquals: { "x:k": [] } }), /has no values/],
  ["no values of a negated operator", on({ StringNotEqualsIfExists: { "x:k": [] } }), /has no values/],
  ["a date in another spelling", on({ DateLessThan: { "x:k": "20200401T000000Z" } }), /"20200401T000000Z"/],
  ["a date that there is not", on({ DateLessThan: { "x:k": "2020-02-30" } }), /"2020-02-30"/],
  ["a date beyond all time", on({ DateLessThan: { "x:k": "1e306" } }), /"1e306"/],
  ["four digits, a year or a second", on({ DateLessThan: { "x:k": "2020" } }), /"2020"/],
  ["a negated date that is none", on({ DateNotEquals: { "x:k": "tomorrow" } }), /"tomorrow"/],
  ["a range wider than addresses are", on({ IpAddress: { "x:k": "10.0.0.0/33" } }), /33/],
  ["an address with leading zeros", on({ NotIpAddress: { "x:k": "010.0.0.1" } }), /010/],
  ["a number too large", on({ NumericLessThan: { "x:k": "1e400" } }), /1e400/],
  ["more digits than a number has", on({ NumericEquals: { "x:k": "9007199254740993" } }), /9007199254740993/],
  ["a truth that is none", on({ Null: { "x:k": "maybe" } }), /"maybe"/],
  ["a policy variable for a truth", on({ Bool: { "x:k": `\${aws:x}` } }), /cannot be read/],
  ["letters beyond ASCII in any case", on({ StringEqualsIgnoreCase: { "x:k": "stra\u00dfe" } }), /ASCII/],
  ["a short ARN with a star inside", at("arn:aws:dynamodb:*:table/x"), /short ARN/],
  ["a character that stands for variables here", at("arn:aws:s3:::\ue000"), /IAM does not take/],
  ["a text longer than any ARN", at(`arn:aws:s3:::${"a".repeat(2100)}`), /more than 2048/],
  [
    "an exclusion of nothing",
    policy({ Effect: "Allow", Action: "s3:GetObject", NotResource: [] }),
    /excludes an empty list/,
  ],
  [
    "an account and one of its users spared together",
    policy({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "*",
      NotPrincipal: { AWS: ["111122223333", "arn:aws:iam::111122223333:user/Bob"] },
    }),
    /NotPrincipal/,
  ],
];

describe("a statement of which AWS does not say what it means", () => {
  for (const [what, text, reason] of unclear) {
    it(`is undecided: ${what}`, () => {
      const none = policy();
      for (const comparison of [comparePolicies(text, none), comparePolicies(none, text)]) {
        assert.equal(comparison.relation, "undecided");
        assert.ok(
          comparison.undecided.some(({ code, message }) => code === "unsupported" && reason.test(message)),
          JSON.stringify(comparison.undecided),
        );
      }
      // What is unclear may still lie within what gives everything.
      assert.notEqual(comparePolicies(free, text).relation, "equal");
      assert.notEqual(comparePolicies(text, free).relation, "equal");
      assert.equal(comparePolicies(text, [text]).relation, "equal");
    });
  }

  it("leaves the rest as clear as it is", () => {
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
