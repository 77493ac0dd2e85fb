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

/** Every case the other way round too. */
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
      const told = comparePolicies(candidate, reference);
      assert.equal(told.relation, relation, JSON.stringify(told, undefined, 1));
      assert.equal(comparePolicies(reference, candidate).relation, opposite[relation]);
    });
  }
}

describe("actions", () => {
  check([
    [
      "overlap as languages: neither Get* nor *Object has the other",
      may("s3:Get*"),
      may("s3:*Object"),
      "different",
    ],
    ["have ?* and *? mean the same", may("s3:Get?*"), may("s3:Get*?"), "equal"],
    ["have many patterns cover one", may("s3:Get*"), may("s3:Get", "s3:Get?", "s3:Get??*"), "equal"],
    ["have *:* mean *", may("*:*"), may("*"), "equal"],
    [
      "leave out by NotAction what a list has in",
      policy({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }),
      may("*"),
      "narrower",
    ],
    [
      "are told by NotAction and Deny alike",
      policy(allow("*", "*"), deny("iam:*", "*")),
      policy({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }),
      "equal",
    ],
  ]);
});

describe("resources", () => {
  check([
    ["are matched segment by segment", at("arn:aws:s3:::a*"), at("arn:aws:s3:*:*:a*"), "narrower"],
    ["are filled up where they end in a star", at("arn:aws:s3:*"), at("arn:aws:s3:*:*:*"), "equal"],
    [
      "do not let a star cross a colon before the sixth segment",
      at("arn:aws:*:1:2:y"),
      at("arn:aws:*:x:1:2:y"),
      "different",
    ],
    [
      "have a star for each part that they lack in an identity policy",
      at("arn:aws:sqs"),
      at("arn:aws:sqs:*:*:*"),
      "equal",
    ],
    [
      "that are short and hold a star inside are not told",
      at("arn:aws:dynamodb:*:table/x"),
      at("arn:aws:dynamodb:*:*:table/x"),
      "undecided",
    ],
    ["that are short and end in stars are told", at("arn:aws:sqs:*:*"), at("arn:aws:sqs:*"), "equal"],
    [
      "have two halves make a whole",
      at("arn:aws:s3:::a", "arn:aws:s3:::a?*"),
      at("arn:aws:s3:::a*"),
      "equal",
    ],
    ["keep the case of their letters", at("arn:aws:s3:::A"), at("arn:aws:s3:::a"), "different"],
    [
      "are left out by NotResource",
      policy({ Effect: "Allow", Action: "s3:*", NotResource: "arn:aws:s3:::a" }),
      policy(allow("s3:*", "*")),
      "narrower",
    ],
    [
      "lose what a Deny on a part of them takes",
      policy(allow("s3:*", "*"), deny("s3:*", "arn:aws:s3:::a/*")),
      policy(allow("s3:*", "*")),
      "narrower",
    ],
    [
      "lose nothing to a Deny on others",
      policy(allow("s3:*", "arn:aws:s3:::a"), deny("s3:*", "arn:aws:s3:::b")),
      policy(allow("s3:*", "arn:aws:s3:::a")),
      "equal",
    ],
  ]);
});

describe("conditions", () => {
  check([
    ["make narrower", on({ StringEquals: { "x:k": "a" } }), free, "narrower"],
    [
      "hold for a text where they hold for its pattern",
      on({ StringEquals: { "x:k": "ab" } }),
      on({ StringLike: { "x:k": "a*" } }),
      "narrower",
    ],
    [
      "of one text are equal whether Equals or Like",
      on({ StringEquals: { "x:k": "ab" } }),
      on({ StringLike: { "x:k": "ab" } }),
      "equal",
    ],
    [
      "count below 5 within up to 10",
      on({ NumericLessThan: { "x:k": 5 } }),
      on({ NumericLessThanEquals: { "x:k": "10" } }),
      "narrower",
    ],
    [
      "know one number in two spellings",
      on({ NumericEquals: { "x:k": "5.0" } }),
      on({ NumericEquals: { "x:k": 5 } }),
      "equal",
    ],
    [
      "have below 5, 5 and above 5 be any number",
      policy(
        allow("s3:GetObject", "*", { Condition: { NumericLessThanEquals: { "x:k": 5 } } }),
        allow("s3:GetObject", "*", { Condition: { NumericGreaterThan: { "x:k": 5 } } }),
      ),
      on({ NumericLessThan: { "x:k": 9 }, Null: { "x:k": false } }),
      "wider",
    ],
    [
      "know one date in two spellings",
      on({ DateLessThan: { "x:k": "2020-01-01T00:00:00Z" } }),
      on({ DateLessThan: { "x:k": 1577836800 } }),
      "equal",
    ],
    [
      "have a range within a wider one",
      on({ IpAddress: { "x:k": "10.0.1.0/24" } }),
      on({ IpAddress: { "x:k": "10.0.0.0/16" } }),
      "narrower",
    ],
    [
      "have two halves of a range be the range",
      on({ IpAddress: { "x:k": ["10.0.0.0/25", "10.0.0.128/25"] } }),
      on({ IpAddress: { "x:k": "10.0.0.0/24" } }),
      "equal",
    ],
    [
      "know one range in two spellings",
      on({ IpAddress: { "x:k": "2001:DB8::/32" } }),
      on({ IpAddress: { "x:k": "2001:db8:0::1/32" } }),
      "equal",
    ],
    [
      "imply that their key is present",
      on({ StringEquals: { "x:k": "a" }, Null: { "x:k": "false" } }),
      on({ StringEquals: { "x:k": "a" } }),
      "equal",
    ],
    [
      "let an absent key through where negated",
      on({ StringNotEquals: { "x:k": "a" } }),
      on({ StringNotEquals: { "x:k": "a" }, Null: { "x:k": "false" } }),
      "wider",
    ],
    [
      "let an absent key through with IfExists",
      on({ StringEqualsIfExists: { "x:k": "a" } }),
      on({ StringEquals: { "x:k": "a" } }),
      "wider",
    ],
    [
      "contradict each other to nothing",
      on({ StringEquals: { "x:k": "a" }, StringNotEquals: { "x:k": "a" } }),
      policy(),
      "equal",
    ],
    [
      "take several values of a negated operator for none of them",
      on({ StringNotEquals: { "x:k": ["a", "b"] } }),
      on({ StringNotEquals: { "x:k": "a" } }),
      "narrower",
    ],
    [
      "have ForAllValues hold without the key, and ForAnyValue not",
      on({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }),
      on({ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } }),
      "different",
    ],
    [
      "have ForAllValues grow with its values",
      on({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }),
      on({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }),
      "narrower",
    ],
    [
      "have both qualifiers together be within each",
      on({
        "ForAllValues:StringLike": { "aws:TagKeys": ["a*"] },
        "ForAnyValue:StringEquals": { "aws:TagKeys": ["ab"] },
      }),
      on({ "ForAnyValue:StringLike": { "aws:TagKeys": ["a?"] } }),
      "narrower",
    ],
    [
      "compare ARNs by segments and texts as they are",
      on({ ArnLike: { "aws:SourceArn": "arn:aws:s3:*:*:a" } }),
      on({ StringLike: { "aws:SourceArn": "arn:aws:s3:*:a" } }),
      "narrower",
    ],
    [
      "ignore letters' case where they say so",
      on({ StringEqualsIgnoreCase: { "x:k": "A" } }),
      on({ StringEquals: { "x:k": ["a", "A"] } }),
      "equal",
    ],
    [
      "take whatever is not true for false where a key is asked for that alone",
      policy(
        allow("s3:GetObject", "*"),
        deny("s3:GetObject", "*", { Condition: { Bool: { "aws:SecureTransport": "false" } } }),
      ),
      on({ BoolIfExists: { "aws:SecureTransport": "true" } }),
      "equal",
    ],
    [
      "let a key have several values where any statement asks that of it",
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
      "see between numbers that are far apart",
      on({ NumericGreaterThan: { "x:k": "-1.7e308" }, NumericLessThan: { "x:k": "1.7e308" } }),
      policy(),
      "wider",
    ],
    [
      "have ForAllValues:Null hold always, and ForAnyValue:Null never",
      on({ "ForAllValues:Null": { "x:k": "true" } }),
      policy(
        allow("s3:GetObject", "*"),
        allow("s3:GetObject", "*", { Condition: { "ForAnyValue:Null": { "x:k": "true" } } }),
      ),
      "equal",
    ],
    [
      "take true and True for one",
      on({ Bool: { "aws:SecureTransport": true } }),
      on({ Bool: { "AWS:securetransport": "True" } }),
      "equal",
    ],
    [
      "carve a Deny out of an Allow to what an opposite condition leaves",
      policy(
        allow("s3:GetObject", "*"),
        deny("s3:GetObject", "*", { Condition: { StringNotEquals: { "x:k": "a" } } }),
      ),
      on({ StringEquals: { "x:k": "a" } }),
      "equal",
    ],
    [
      "compare several statements together: with a key and without it is always",
      policy(
        allow("s3:GetObject", "*", { Condition: { Null: { "x:k": "true" } } }),
        allow("s3:GetObject", "*", { Condition: { Null: { "x:k": "false" } } }),
      ),
      free,
      "equal",
    ],
    [
      "are undecided where IAM has no such operator",
      on({ StringMatches: { "x:k": "a" } }),
      free,
      "undecided",
    ],
    [
      "of an operator that IAM has not are equal to themselves",
      on({ StringMatches: { "x:k": "a" } }),
      on({ StringMatches: { "X:K": ["a"] } }),
      "equal",
    ],
  ]);
});

describe("policy variables", () => {
  it("get values in an example that the giving statement's own conditions let through", () => {
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
      "are plain text without the version that has them",
      policy(allow("s3:*", home)),
      policy(allow("s3:*", home)).replace("2012-10-17", "2008-10-17"),
      "different",
    ],
    ["are within a wildcard", at(home), at("arn:aws:s3:::home/*"), "narrower"],
    ["meet a literal on the other side", at(home), at("arn:aws:s3:::home/bob/*"), "different"],
    ["know their names in any case", at(home), at(`arn:aws:s3:::home/\${AWS:UserName}/*`), "equal"],
    [
      "take their default where the key is absent",
      at(`arn:aws:s3:::\${aws:username, 'bob'}`),
      at(`arn:aws:s3:::\${aws:username}`),
      "wider",
    ],
    [
      "may be longer than one character, and may be empty",
      at(`arn:aws:s3:::\${aws:username}`, "arn:aws:s3:::?"),
      at("arn:aws:s3:::?"),
      "wider",
    ],
    [
      "are empty where a tag has no value",
      policy(allow("s3:*", "arn:aws:s3:::home/")),
      policy(
        allow("s3:*", "arn:aws:s3:::home/"),
        deny("s3:*", `arn:aws:s3:::home/\${aws:PrincipalTag/team}`),
      ),
      "wider",
    ],
    ["write a star that is no wildcard", at(`arn:aws:s3:::\${*}`), at("arn:aws:s3:::*"), "narrower"],
    [
      "tie one key to another",
      on({ StringEquals: { "aws:ResourceAccount": `\${aws:PrincipalAccount}` } }),
      free,
      "narrower",
    ],
    [
      "are pinned to a literal by a condition on their key",
      policy(allow("s3:*", home, { Condition: { StringEquals: { "aws:username": "bob" } } })),
      policy(allow("s3:*", "arn:aws:s3:::home/bob/*")),
      "narrower",
    ],
  ]);

  it("lose the one name that a Deny has", () => {
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
    ["of a role are within their account", trust({ AWS: role }), trust({ AWS: account }), "narrower"],
    [
      "of a session are within their role",
      trust({ AWS: `arn:aws:sts::${account}:assumed-role/r/s` }),
      trust({ AWS: role }),
      "narrower",
    ],
    ["are everybody by a star, AWS or not", trust("*"), trust({ AWS: "*" }), "equal"],
    ["of a star among the federated are no AWS ones", trust({ Federated: "*" }), trust("*"), "narrower"],
    [
      "of another partition are others",
      trust({ AWS: `arn:aws-cn:iam::${account}:root` }),
      trust({ AWS: account }),
      "different",
    ],
    [
      "that were deleted are no one's ARN",
      trust({ AWS: "AROAEXAMPLEEXAMPLE" }),
      trust({ AWS: role }),
      "different",
    ],
    [
      "share the sessions of roles that differ by their paths alone",
      policy(
        { Effect: "Allow", Action: "sts:*", Principal: { AWS: role } },
        { Effect: "Deny", Action: "sts:*", Principal: { AWS: `arn:aws:iam::${account}:role/r` } },
      ),
      policy({ Effect: "Allow", Action: "sts:*", Principal: { AWS: role } }),
      "narrower",
    ],
    [
      "are left out by NotPrincipal",
      policy({ Effect: "Allow", Action: "sts:AssumeRole", NotPrincipal: { AWS: account } }),
      trust("*"),
      "narrower",
    ],
  ]);

  it("of a service are the same in China with and without the suffix, for the services that have both", () => {
    const [plain, suffixed] = [
      trust({ Service: "ec2.amazonaws.com" }),
      trust({ Service: "ec2.amazonaws.com.cn" }),
    ];
    assert.equal(comparePolicies(suffixed, plain, { partition: "aws-cn" }).relation, "equal");
    assert.equal(comparePolicies(suffixed, plain).relation, "different");
  });
});
