import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Relation } from "@drift-guard/policy/comparison";
import { assertAgreement } from "./agreement.ts";
import { allow, deny, policy, trust } from "./builders.ts";

type Case = readonly [what: string, candidate: string, reference: string, relation: Relation];

const on = (condition: object) => policy(allow("s3:GetObject", "*", { Condition: condition }));
const free = policy(allow("s3:GetObject", "*"));
const at = (...resources: string[]) => policy(allow("s3:GetObject", resources));
const may = (...actions: string[]) => policy(allow(actions, "*"));

/** Tests each case, also with the sides swapped. */
function check(cases: readonly Case[]): void {
  const opposite = {
    equal: "equal",
    wider: "narrower",
    narrower: "wider",
    different: "different",
    undecided: "undecided",
  };
  for (const [what, candidate, reference, relation] of cases) {
    it(what, () => {
      const comparison = comparePolicies(candidate, reference);
      assert.equal(comparison.relation, relation, JSON.stringify(comparison, undefined, 1));
      assert.equal(comparePolicies(reference, candidate).relation, opposite[relation]);
    });
  }
}

describe("actions", () => {
  check([
    [
      "overlap as sets of names: neither of Get* and *Object covers the other",
      may("s3:Get*"),
      may("s3:*Object"),
      "different",
    ],
    ["are the same for ?* and *?", may("s3:Get?*"), may("s3:Get*?"), "equal"],
    [
      "are covered by several patterns together",
      may("s3:Get*"),
      may("s3:Get", "s3:Get?", "s3:Get??*"),
      "equal",
    ],
    ["are the same for *:* and *", may("*:*"), may("*"), "equal"],
    [
      "are all but the listed ones with NotAction",
      policy({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }),
      may("*"),
      "narrower",
    ],
    [
      "are excluded by NotAction and by Deny alike",
      policy(allow("*", "*"), deny("iam:*", "*")),
      policy({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }),
      "equal",
    ],
  ]);
});

describe("resources", () => {
  check([
    ["are matched segment by segment", at("arn:aws:s3:::a*"), at("arn:aws:s3:*:*:a*"), "narrower"],
    ["get the missing segments from a star at the end", at("arn:aws:s3:*"), at("arn:aws:s3:*:*:*"), "equal"],
    [
      "do not match a colon before the sixth segment by a star",
      at("arn:aws:*:1:2:y"),
      at("arn:aws:*:x:1:2:y"),
      "different",
    ],
    [
      "get a star for each missing segment in an identity policy",
      at("arn:aws:sqs"),
      at("arn:aws:sqs:*:*:*"),
      "equal",
    ],
    [
      "are undecided if they are short and have a star inside",
      policy(allow("dynamodb:GetItem", "arn:aws:dynamodb:*:table/x")),
      policy(allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/x")),
      "undecided",
    ],
    ["are decided if they are short and end in stars", at("arn:aws:sqs:*:*"), at("arn:aws:sqs:*"), "equal"],
    [
      "are covered by two halves together",
      at("arn:aws:s3:::a", "arn:aws:s3:::a?*"),
      at("arn:aws:s3:::a*"),
      "equal",
    ],
    ["are case-sensitive", at("arn:aws:s3:::A"), at("arn:aws:s3:::a"), "different"],
    [
      "are excluded by NotResource",
      policy({ Effect: "Allow", Action: "s3:*", NotResource: "arn:aws:s3:::a" }),
      policy(allow("s3:*", "*")),
      "narrower",
    ],
    [
      "are fewer with a Deny on a part of them",
      policy(allow("s3:*", "*"), deny("s3:*", "arn:aws:s3:::a/*")),
      policy(allow("s3:*", "*")),
      "narrower",
    ],
    [
      "are the same with a Deny on others",
      policy(allow("s3:*", "arn:aws:s3:::a"), deny("s3:*", "arn:aws:s3:::b")),
      policy(allow("s3:*", "arn:aws:s3:::a")),
      "equal",
    ],
  ]);
});

describe("conditions", () => {
  check([
    ["make a policy narrower", on({ StringEquals: { "x:k": "a" } }), free, "narrower"],
    [
      "on a text are narrower than on a pattern that matches it",
      on({ StringEquals: { "x:k": "ab" } }),
      on({ StringLike: { "x:k": "a*" } }),
      "narrower",
    ],
    [
      "on one text are equal with StringEquals and StringLike",
      on({ StringEquals: { "x:k": "ab" } }),
      on({ StringLike: { "x:k": "ab" } }),
      "equal",
    ],
    [
      "below 5 are narrower than up to 10",
      on({ NumericLessThan: { "x:k": 5 } }),
      on({ NumericLessThanEquals: { "x:k": "10" } }),
      "narrower",
    ],
    [
      "are equal for two spellings of a number",
      on({ NumericEquals: { "x:k": "5.0" } }),
      on({ NumericEquals: { "x:k": 5 } }),
      "equal",
    ],
    [
      "below, at and above 5 together cover every number",
      policy(
        allow("s3:GetObject", "*", { Condition: { NumericLessThanEquals: { "x:k": 5 } } }),
        allow("s3:GetObject", "*", { Condition: { NumericGreaterThan: { "x:k": 5 } } }),
      ),
      on({ NumericLessThan: { "x:k": 9 }, Null: { "x:k": false } }),
      "wider",
    ],
    [
      "are equal for two spellings of a date",
      on({ DateLessThan: { "x:k": "2020-01-01T00:00:00Z" } }),
      on({ DateLessThan: { "x:k": 1577836800 } }),
      "equal",
    ],
    [
      "on a range are narrower than on a wider range",
      on({ IpAddress: { "x:k": "10.0.1.0/24" } }),
      on({ IpAddress: { "x:k": "10.0.0.0/16" } }),
      "narrower",
    ],
    [
      "on two halves of a range equal the range",
      on({ IpAddress: { "x:k": ["10.0.0.0/25", "10.0.0.128/25"] } }),
      on({ IpAddress: { "x:k": "10.0.0.0/24" } }),
      "equal",
    ],
    [
      "are equal for two spellings of a range",
      on({ IpAddress: { "x:k": "2001:DB8::/32" } }),
      on({ IpAddress: { "x:k": "2001:db8:0::1/32" } }),
      "equal",
    ],
    [
      "require their key to be present",
      on({ StringEquals: { "x:k": "a" }, Null: { "x:k": "false" } }),
      on({ StringEquals: { "x:k": "a" } }),
      "equal",
    ],
    [
      "hold for an absent key if negated",
      on({ StringNotEquals: { "x:k": "a" } }),
      on({ StringNotEquals: { "x:k": "a" }, Null: { "x:k": "false" } }),
      "wider",
    ],
    [
      "hold for an absent key with IfExists",
      on({ StringEqualsIfExists: { "x:k": "a" } }),
      on({ StringEquals: { "x:k": "a" } }),
      "wider",
    ],
    [
      "allow nothing if they contradict each other",
      on({ StringEquals: { "x:k": "a" }, StringNotEquals: { "x:k": "a" } }),
      policy(),
      "equal",
    ],
    [
      "exclude every value of a negated operator",
      on({ StringNotEquals: { "x:k": ["a", "b"] } }),
      on({ StringNotEquals: { "x:k": "a" } }),
      "narrower",
    ],
    [
      "hold without the key with ForAllValues, not with ForAnyValue",
      on({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }),
      on({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } }),
      "different",
    ],
    [
      "with ForAllValues are wider with more values",
      on({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }),
      on({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }),
      "narrower",
    ],
    [
      "with both qualifiers are narrower than with one",
      on({
        "ForAllValues:StringLike": { "aws:TagKeys": ["a*"] },
        "ForAnyValue:StringEquals": { "aws:TagKeys": ["ab"] },
      }),
      on({ "ForAnyValue:StringLike": { "aws:TagKeys": ["a?"] } }),
      "narrower",
    ],
    [
      "compare ARNs by segments and texts as a whole",
      on({ ArnLike: { "aws:SourceArn": "arn:aws:s3:*:*:a" } }),
      on({ StringLike: { "aws:SourceArn": "arn:aws:s3:*:a" } }),
      "narrower",
    ],
    [
      "ignore case with IgnoreCase",
      on({ StringEqualsIgnoreCase: { "x:k": "A" } }),
      on({ StringEquals: { "x:k": ["a", "A"] } }),
      "equal",
    ],
    [
      "know true and false as the only values of a key that only Bool tests",
      policy(
        allow("s3:GetObject", "*"),
        deny("s3:GetObject", "*", { Condition: { Bool: { "aws:SecureTransport": "false" } } }),
      ),
      on({ BoolIfExists: { "aws:SecureTransport": "true" } }),
      "equal",
    ],
    [
      "treat a key as multivalued if any statement uses a qualifier on it",
      policy(
        allow("a:B", "*", { Condition: { "ForAnyValue:StringEquals": { "x:k": "z" } } }),
        allow("s3:GetObject", "*", {
          Condition: { StringLike: { "x:k": "a*" }, StringEquals: { "x:k": "b" } },
        }),
      ),
      policy(allow("a:B", "*", { Condition: { "ForAnyValue:StringEquals": { "x:k": "z" } } })),
      "wider",
    ],
    [
      "find a number between bounds that are far apart",
      on({ NumericGreaterThan: { "x:k": "-1.7e308" }, NumericLessThan: { "x:k": "1.7e308" } }),
      policy(),
      "wider",
    ],
    [
      "always hold with ForAllValues:Null, and never with ForAnyValue:Null",
      on({ "ForAllValues:Null": { "x:k": "true" } }),
      policy(
        allow("s3:GetObject", "*"),
        allow("s3:GetObject", "*", { Condition: { "ForAnyValue:Null": { "x:k": "true" } } }),
      ),
      "equal",
    ],
    [
      "are equal for true and True",
      on({ Bool: { "aws:SecureTransport": true } }),
      on({ Bool: { "AWS:securetransport": "True" } }),
      "equal",
    ],
    [
      "of a Deny equal the opposite condition of an Allow",
      policy(
        allow("s3:GetObject", "*"),
        deny("s3:GetObject", "*", { Condition: { StringNotEquals: { "x:k": "a" } } }),
      ),
      on({ StringEquals: { "x:k": "a" } }),
      "equal",
    ],
    [
      "of two statements, with and without a key, together hold always",
      policy(
        allow("s3:GetObject", "*", { Condition: { Null: { "x:k": "true" } } }),
        allow("s3:GetObject", "*", { Condition: { Null: { "x:k": "false" } } }),
      ),
      free,
      "equal",
    ],
    ["are undecided with an unknown operator", on({ StringMatches: { "x:k": "a" } }), free, "undecided"],
    [
      "with an unknown operator are equal to themselves",
      on({ StringMatches: { "x:k": "a" } }),
      on({ StringMatches: { "X:K": ["a"] } }),
      "equal",
    ],
  ]);
});

describe("policy variables", () => {
  it("get values in an example that the statement's own conditions accept", () => {
    const statement = (over: object) => ({ Effect: "Allow", Action: "*", ...over });
    const write = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
    const candidate = write(
      statement({ Resource: "*" }),
      statement({
        Resource: "arn:aws:s3:::${s3:prefix}/${aws:username}",
        Condition: { StringNotLike: { "aws:username": "a*" } },
      }),
    );
    assertAgreement(candidate, write(), []);
  });

  const home = `arn:aws:s3:::home/\${aws:username}/*`;
  check([
    [
      "are plain text in version 2008-10-17",
      policy(allow("s3:*", home)),
      policy(allow("s3:*", home)).replace("2012-10-17", "2008-10-17"),
      "different",
    ],
    ["are narrower than a wildcard", at(home), at("arn:aws:s3:::home/*"), "narrower"],
    ["can equal a literal of the other side", at(home), at("arn:aws:s3:::home/bob/*"), "different"],
    ["have case-insensitive names", at(home), at(`arn:aws:s3:::home/\${AWS:UserName}/*`), "equal"],
    [
      "have their default if the key is absent",
      at(`arn:aws:s3:::\${aws:username, 'bob'}`),
      at(`arn:aws:s3:::\${aws:username}`),
      "wider",
    ],
    [
      "may be longer than one character, or empty",
      at(`arn:aws:s3:::\${aws:username}`, "arn:aws:s3:::?"),
      at("arn:aws:s3:::?"),
      "wider",
    ],
    [
      "are empty if a tag has an empty value",
      policy(allow("s3:*", "arn:aws:s3:::home/")),
      policy(
        allow("s3:*", "arn:aws:s3:::home/"),
        deny("s3:*", `arn:aws:s3:::home/\${aws:PrincipalTag/team}`),
      ),
      "wider",
    ],
    ["escape a star", at(`arn:aws:s3:::\${*}`), at("arn:aws:s3:::*"), "narrower"],
    [
      "tie one key to another",
      on({ StringEquals: { "aws:ResourceAccount": `\${aws:PrincipalAccount}` } }),
      free,
      "narrower",
    ],
    [
      "are bound to a literal by a condition on their key",
      policy(allow("s3:*", home, { Condition: { StringEquals: { "aws:username": "bob" } } })),
      policy(allow("s3:*", "arn:aws:s3:::home/bob/*")),
      "narrower",
    ],
  ]);

  it("lose the one name that a Deny matches", () => {
    const cut = policy(allow("s3:*", home), deny("s3:*", "arn:aws:s3:::home/bob/*"));
    const { relation, missing } = comparePolicies(cut, policy(allow("s3:*", home)));
    assert.equal(relation, "narrower");
    assert.equal(missing[0]?.example?.context["aws:username"], "bob");
  });
});

describe("principals", () => {
  const account = "123456789012";
  const role = `arn:aws:iam::${account}:role/path/r`;
  check([
    ["of a role are narrower than its account", trust({ AWS: role }), trust({ AWS: account }), "narrower"],
    [
      "of a session are narrower than its role",
      trust({ AWS: `arn:aws:sts::${account}:assumed-role/r/s` }),
      trust({ AWS: role }),
      "narrower",
    ],
    ["are everyone with a star, alone or as AWS", trust("*"), trust({ AWS: "*" }), "equal"],
    ["are only federated ones with a star of Federated", trust({ Federated: "*" }), trust("*"), "narrower"],
    [
      "of another partition are different",
      trust({ AWS: `arn:aws-cn:iam::${account}:root` }),
      trust({ AWS: account }),
      "different",
    ],
    [
      "that were deleted do not match an ARN",
      trust({ AWS: "AROAEXAMPLEEXAMPLE" }),
      trust({ AWS: role }),
      "different",
    ],
    [
      "of roles that differ only by path share their sessions",
      policy(
        { Effect: "Allow", Action: "sts:*", Principal: { AWS: role } },
        { Effect: "Deny", Action: "sts:*", Principal: { AWS: `arn:aws:iam::${account}:role/r` } },
      ),
      policy({ Effect: "Allow", Action: "sts:*", Principal: { AWS: role } }),
      "narrower",
    ],
    [
      "are excluded by NotPrincipal",
      policy({ Effect: "Allow", Action: "sts:AssumeRole", NotPrincipal: { AWS: account } }),
      trust("*"),
      "narrower",
    ],
  ]);

  it("of a service are the same in China with and without the suffix, for services with both names", () => {
    const [plain, suffixed] = [
      trust({ Service: "ec2.amazonaws.com" }),
      trust({ Service: "ec2.amazonaws.com.cn" }),
    ];
    assert.equal(comparePolicies(suffixed, plain, { partition: "aws-cn" }).relation, "equal");
    assert.equal(comparePolicies(suffixed, plain).relation, "different");
  });
});
