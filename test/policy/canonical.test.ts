import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalText } from "@drift-guard/policy/canonical";
import { comparePolicies } from "@drift-guard/policy/compare";
import { parsePolicy } from "@drift-guard/policy/parse";
import { printPolicy } from "@drift-guard/policy/print";
import fc from "fast-check";
import { allow, policy, trust } from "./builders.ts";
import { rewriteEquivalently } from "./equivalent-policy.ts";
import { drawPolicy } from "./grammar.ts";

const canonical = (text: string) => canonicalText(parsePolicy(text));

describe("the canonical text of a policy", () => {
  it("is the same for different spellings of one value", () => {
    const on = (condition: object) => canonical(policy(allow("a:B", "*", { Condition: condition })));
    assert.equal(on({ StringLike: { K: "a" } }), on({ StringEquals: { k: ["a", "a"] } }));
    assert.equal(on({ ArnEquals: { k: "arn:aws:s3:::a" } }), on({ ArnLike: { k: "arn:aws:s3:::a" } }));
    assert.equal(
      on({ DateEquals: { k: "2020-01-01T01:00:00+01:00" } }),
      on({ DateEquals: { k: 1577836800 } }),
    );
    assert.equal(on({ IpAddress: { k: "10.0.0.9/8" } }), on({ IpAddress: { k: "10.0.0.0/8" } }));
    assert.equal(on({ Null: { k: true } }), on({ null: { K: "TRUE" } }));
  });

  it("is the same for both versions of a document without variables", () => {
    const [plain, variable] = [
      policy(allow("a:B", "*")),
      policy(allow("a:B", `arn:aws:s3:::\${aws:username}`)),
    ];
    assert.equal(canonical(plain), canonical(plain.replace("2012-10-17", "2008-10-17")));
    assert.notEqual(canonical(variable), canonical(variable.replace("2012-10-17", "2008-10-17")));
  });

  it("omits statements without effect and repeated statements", () => {
    const one = allow("a:B", "*");
    assert.equal(canonical(policy(one, allow([], "*"), allow("A:b", ["*"]))), canonical(policy(one)));
  });

  it("writes an account id as its root ARN", () => {
    const root = trust({ AWS: "arn:aws:iam::123456789012:root" });
    assert.equal(canonical(trust({ AWS: "123456789012" })), canonical(root));
  });

  it("is equal only for policies that compare as equal", () => {
    const drawn = drawPolicy({ trust: false, variables: true });
    fc.assert(
      fc.property(drawn, fc.integer(), (drawnPolicy, seed) => {
        const [text, disguised] = [JSON.stringify(drawnPolicy), rewriteEquivalently(drawnPolicy, seed)];
        if (canonical(text) !== canonical(disguised)) return;
        assert.equal(comparePolicies(text, disguised).relation, "equal");
      }),
      { numRuns: 300 },
    );
  });
});

describe("a printed policy", () => {
  it("keeps the spelling of the document", () => {
    const text = policy(
      allow(["s3:GetObject", "S3:PutObject"], "arn:aws:s3:::a/*", {
        Sid: "One",
        Condition: {
          StringEquals: { "aws:RequestTag/Team": ["a", "b"] },
          bool: { "aws:SecureTransport": true },
        },
      }),
    );
    const statement: object = JSON.parse(printPolicy(parsePolicy(text))).Statement[0];
    assert.deepEqual(statement, {
      Sid: "One",
      Effect: "Allow",
      Action: ["S3:PutObject", "s3:GetObject"],
      Resource: "arn:aws:s3:::a/*",
      Condition: {
        StringEquals: { "aws:RequestTag/Team": ["a", "b"] },
        bool: { "aws:SecureTransport": "true" },
      },
    });
  });

  it("has the meaning of the document, for drawn policies", () => {
    for (const kind of [
      { trust: false, variables: true },
      { trust: true, variables: false },
    ]) {
      fc.assert(
        fc.property(drawPolicy(kind), (drawnPolicy) => {
          const read = parsePolicy(JSON.stringify(drawnPolicy));
          assert.equal(canonical(printPolicy(read)), canonicalText(read));
        }),
        { numRuns: 300 },
      );
    }
  });
});
