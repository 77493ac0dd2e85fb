import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Decision, decide } from "@drift-guard/policy/decide";
import type { PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import { allow, deny, policy, type StatementJson, trust } from "./builders.ts";

function ask(text: string, request: Partial<PolicyRequest>): Decision {
  return decide({ action: "s3:GetObject", resource: "arn:aws:s3:::a/b", context: {}, ...request }, [
    parsePolicy(text),
  ]);
}

const holds = (condition: object, context: PolicyRequest["context"]): boolean =>
  ask(policy(allow("*", "*", { Condition: condition })), { context }) === "allowed";

describe("a request", () => {
  it("is denied implicitly without a statement, allowed by an Allow, denied explicitly despite an Allow", () => {
    assert.equal(ask(policy(), {}), "implicitDeny");
    assert.equal(ask(policy(allow("s3:*", "*")), {}), "allowed");
    assert.equal(ask(policy(allow("s3:*", "*"), deny("s3:Get*", "*")), {}), "explicitDeny");
    assert.equal(ask(policy(deny("s3:Get*", "*"), allow("s3:*", "*")), {}), "explicitDeny");
  });

  it("is decided by all documents together", () => {
    const documents = [policy(allow("s3:*", "*")), policy(deny("s3:GetObject", "*"))].map(parsePolicy);
    assert.equal(decide({ action: "s3:GetObject", resource: "*", context: {} }, documents), "explicitDeny");
    assert.equal(decide({ action: "s3:PutObject", resource: "*", context: {} }, documents), "allowed");
  });

  it("matches actions in any case, and resources case-sensitively", () => {
    assert.equal(ask(policy(allow("S3:getOBJECT", "*")), {}), "allowed");
    assert.equal(ask(policy(allow("s3:*", "arn:aws:s3:::A/b")), {}), "implicitDeny");
    assert.equal(ask(policy(allow("s3:?et*t", "arn:aws:s3:::?/*")), {}), "allowed");
  });

  it("matches ARNs by segments", () => {
    const at = (pattern: string, resource: string) =>
      ask(policy(allow("*", pattern)), { resource }) === "allowed";
    assert.ok(at("arn:aws:s3:*", "arn:aws:s3:::a"));
    assert.ok(at("arn:aws:logs:*:*:log-group:*", "arn:aws:logs:r:1:log-group:x:y"));
    assert.ok(!at("arn:aws:*:x", "arn:aws:s3:::x"));
    assert.ok(!at("arn:*:x", "arn:aws:s3:::x"));
    assert.ok(at("*", "*"));
    assert.ok(at("*", "no-arn"));
    assert.ok(!at("arn:aws:s3:::*", "*"));
  });

  it("matches NotAction and NotResource if they do not list it", () => {
    const allowOf = (elements: StatementJson) => policy({ Effect: "Allow", ...elements });
    assert.equal(ask(allowOf({ NotAction: "iam:*", Resource: "*" }), {}), "allowed");
    assert.equal(ask(allowOf({ NotAction: "s3:Get*", Resource: "*" }), {}), "implicitDeny");
    assert.equal(ask(allowOf({ Action: "*", NotResource: "arn:aws:s3:::a/*" }), {}), "implicitDeny");
  });

  it("is not matched by an empty list", () => {
    assert.equal(ask(policy(allow([], "*")), {}), "implicitDeny");
    assert.equal(ask(policy(allow("*", [])), {}), "implicitDeny");
  });
});

describe("a condition", () => {
  it("compares texts, with and without case and wildcards", () => {
    assert.ok(holds({ StringEquals: { k: ["a", "b"] } }, { k: "b" }));
    assert.ok(!holds({ StringEquals: { k: "a*" } }, { k: "ab" }));
    assert.ok(holds({ StringLike: { k: "a*" } }, { k: "ab" }));
    assert.ok(holds({ StringEqualsIgnoreCase: { k: "AB" } }, { k: "ab" }));
    assert.ok(!holds({ StringNotEquals: { k: ["a", "b"] } }, { k: "b" }));
  });

  it("of several keys and operators holds only if all of them hold", () => {
    const both = { StringEquals: { k: "a", l: "b" }, Bool: { m: "true" } };
    assert.ok(holds(both, { k: "a", l: "b", m: "True" }));
    assert.ok(!holds(both, { k: "a", l: "c", m: "true" }));
    assert.ok(!holds(both, { k: "a", l: "b" }));
  });

  it("holds for an absent key with negated operators, IfExists, Null and ForAllValues only", () => {
    assert.ok(!holds({ StringEquals: { k: "a" } }, {}));
    assert.ok(holds({ StringNotEquals: { k: "a" } }, {}));
    assert.ok(holds({ StringEqualsIfExists: { k: "a" } }, {}));
    assert.ok(holds({ Null: { k: "true" } }, {}));
    assert.ok(!holds({ Null: { k: true } }, { k: "x" }));
    assert.ok(holds({ "ForAllValues:StringEquals": { k: "a" } }, {}));
    assert.ok(!holds({ "ForAnyValue:StringEquals": { k: "a" } }, {}));
    assert.ok(!holds({ "ForAnyValue:StringNotEquals": { k: "a" } }, { k: [] }));
  });

  it("requires all or any of the values of a key, by its qualifier", () => {
    assert.ok(holds({ "ForAllValues:StringLike": { k: ["a*", "b"] } }, { k: ["ab", "b"] }));
    assert.ok(!holds({ "ForAllValues:StringEquals": { k: "a" } }, { k: ["a", "b"] }));
    assert.ok(holds({ "ForAnyValue:StringEquals": { k: "a" } }, { k: ["a", "b"] }));
    assert.ok(holds({ "ForAnyValue:StringNotEquals": { k: "a" } }, { k: ["a", "b"] }));
    assert.ok(!holds({ "ForAllValues:StringNotEquals": { k: "a" } }, { k: ["a", "b"] }));
  });

  it("compares numbers, dates, addresses, ARNs and binary values", () => {
    assert.ok(holds({ NumericLessThan: { k: 10 } }, { k: "9.5" }));
    assert.ok(!holds({ NumericLessThan: { k: 10 } }, { k: "nine" }));
    assert.ok(holds({ NumericNotEquals: { k: "10" } }, { k: "nine" }));
    assert.ok(holds({ DateGreaterThanEquals: { k: "2020-01-01T00:00:00Z" } }, { k: "1577836800" }));
    assert.ok(holds({ DateLessThan: { k: "2020-01-01" } }, { k: "2019-12-31T23:59:59.9Z" }));
    assert.ok(holds({ IpAddress: { k: "10.0.0.0/8" } }, { k: "10.1.2.3" }));
    assert.ok(!holds({ IpAddress: { k: "10.0.0.0/8" } }, { k: "::ffff:a01:203" }));
    assert.ok(holds({ IpAddress: { k: "2001:db8::/32" } }, { k: "2001:DB8:1::1" }));
    assert.ok(holds({ NotIpAddress: { k: "10.0.0.1" } }, { k: "10.0.0.2" }));
    assert.ok(holds({ ArnEquals: { k: "arn:aws:s3:*:*:a*" } }, { k: "arn:aws:s3:::abc" }));
    assert.ok(!holds({ ArnLike: { k: "arn:aws:*:a" } }, { k: "arn:aws:s3:::a" }));
    assert.ok(holds({ BinaryEquals: { k: "QQ==" } }, { k: "QQ==" }));
  });

  it("may spell operators and keys in any case, and never holds with an unknown operator", () => {
    assert.ok(holds({ stringlike: { "AWS:UserName": "a*" } }, { "aws:username": "ab" }));
    assert.ok(!holds({ StringMatches: { k: "a" } }, { k: "a" }));
  });
});

describe("a policy variable", () => {
  const home = policy(allow("*", `arn:aws:s3:::a/\${aws:username}`));
  const named = (text: string, username?: string) =>
    ask(text, {
      resource: "arn:aws:s3:::a/bob",
      context: username === undefined ? {} : { "aws:username": username },
    });

  it("stands for the request's value, which is not a pattern", () => {
    assert.equal(named(home, "bob"), "allowed");
    assert.equal(named(home, "b*"), "implicitDeny");
    assert.equal(named(home), "implicitDeny");
  });

  it("may have a default, and escapes wildcards", () => {
    assert.equal(named(policy(allow("*", `arn:aws:s3:::a/\${aws:username, 'bob'}`))), "allowed");
    assert.equal(named(policy(allow("*", `arn:aws:s3:::a/\${*}`))), "implicitDeny");
    assert.equal(ask(policy(allow("*", `arn:aws:s3:::\${*}`)), { resource: "arn:aws:s3:::*" }), "allowed");
  });

  it("is plain text in version 2008-10-17", () => {
    const old = home.replace("2012-10-17", "2008-10-17");
    assert.equal(named(old, "bob"), "implicitDeny");
    const literal = `arn:aws:s3:::a/\${aws:username}`;
    assert.equal(ask(old, { resource: literal }), "allowed");
  });

  it("may be the value of a condition", () => {
    const tied = { StringEquals: { "aws:ResourceAccount": `\${aws:PrincipalAccount}` } };
    assert.ok(holds(tied, { "aws:resourceaccount": "1", "aws:principalaccount": "1" }));
    assert.ok(!holds(tied, { "aws:resourceaccount": "1", "aws:principalaccount": "2" }));
    assert.ok(!holds(tied, { "aws:resourceaccount": "1" }));
  });
});

describe("a trust policy", () => {
  const assume = (principal: unknown, by: PolicyPrincipal): boolean => {
    const request = { action: "sts:AssumeRole", principal: by, context: {} };
    return decide(request, [parsePolicy(trust(principal))]) === "allowed";
  };
  const account = "123456789012";
  const role: PolicyPrincipal = { type: "AWS", id: `arn:aws:iam::${account}:role/path/r` };
  const session: PolicyPrincipal = { type: "AWS", id: `arn:aws:sts::${account}:assumed-role/r/s` };
  const service: PolicyPrincipal = { type: "Service", id: "batch.amazonaws.com" };

  it("lets in principals that it names, and an account's principals by its id or root", () => {
    assert.ok(assume({ Service: ["ec2.amazonaws.com", "batch.amazonaws.com"] }, service));
    for (const id of [account, `arn:aws:iam::${account}:root`]) {
      assert.ok(assume({ AWS: id }, role));
      assert.ok(assume({ AWS: id }, session));
      assert.ok(assume({ AWS: id }, { type: "AWS", id: `arn:aws:iam::${account}:root` }));
    }
    assert.ok(!assume({ AWS: "111122223333" }, role));
    assert.ok(!assume({ AWS: `arn:aws-cn:iam::${account}:root` }, role));
  });

  it("lets in the sessions of a role that it names, but not the role of a session", () => {
    assert.ok(assume({ AWS: role.id }, session));
    assert.ok(!assume({ AWS: session.id }, role));
    assert.ok(!assume({ AWS: `arn:aws:iam::${account}:role/q` }, session));
  });

  it("lets in everyone by a star, and federated principals only by a star of theirs", () => {
    for (const principal of ["*", { AWS: "*" }])
      for (const by of [role, service]) assert.ok(assume(principal, by));
    assert.ok(assume({ Federated: "*" }, { type: "Federated", id: "accounts.google.com" }));
    assert.ok(!assume({ Federated: "*" }, service));
  });

  it("does not let in a request without a principal", () => {
    const request = { action: "sts:AssumeRole", context: {} };
    assert.equal(decide(request, [parsePolicy(trust("*"))]), "implicitDeny");
  });
});
