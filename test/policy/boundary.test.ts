import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { allow, deny, policy, type StatementJson } from "./builders.ts";

const nothing = policy();

function remains(boundary: string, ...statements: readonly StatementJson[]): readonly (string | undefined)[] {
  return comparePolicies(policy(...statements), nothing, { boundary }).excess.map((grant) => grant.remains);
}

describe("a permissions boundary", () => {
  const boundary = policy(allow("s3:*", "*"), deny("s3:Delete*", "*"));

  it("leaves all of a grant inside it", () => {
    assert.deepEqual(remains(boundary, allow("s3:GetObject", "arn:aws:s3:::a/*")), ["all"]);
  });

  it("makes a key multivalued if only the boundary uses a qualifier on it", () => {
    const any = (value: string) => ({ "ForAnyValue:StringEquals": { "aws:TagKeys": value } });
    const tagged = policy(allow("s3:*", "*"), deny("s3:*", "*", { Condition: any("a") }));
    assert.deepEqual(
      remains(tagged, allow("s3:*", "*", { Condition: { StringEquals: { "aws:TagKeys": "b" } } })),
      ["part"],
    );
    assert.deepEqual(remains(policy(allow("s3:*", "*", { Condition: any("b") })), allow("s3:*", "*")), [
      "part",
    ]);
  });

  it("leaves a part of a grant that it allows or denies in part", () => {
    assert.deepEqual(remains(boundary, allow("*", "*")), ["part"]);
    assert.deepEqual(remains(boundary, allow("s3:D*", "*")), ["part"]);
    assert.deepEqual(remains(boundary, allow(["s3:GetObject", "iam:PassRole"], "*")), ["part"]);
  });

  it("leaves nothing of a grant that it denies or does not allow", () => {
    assert.deepEqual(remains(boundary, allow("iam:*", "*")), ["none"]);
    assert.deepEqual(remains(boundary, allow("s3:DeleteObject", "*")), ["none"]);
    assert.deepEqual(remains(nothing, allow("*", "*")), ["none"]);
  });

  it("is evaluated with the conditions of grant and boundary", () => {
    const inside = policy(
      allow("*", "*", { Condition: { StringEquals: { "aws:RequestedRegion": "eu-west-1" } } }),
    );
    const region = (value: string) => ({ Condition: { StringEquals: { "aws:RequestedRegion": value } } });
    assert.deepEqual(remains(inside, allow("a:B", "*", region("eu-west-1"))), ["all"]);
    assert.deepEqual(remains(inside, allow("a:B", "*", region("us-east-1"))), ["none"]);
    assert.deepEqual(remains(inside, allow("a:B", "*")), ["part"]);
  });

  it("does not change the comparison; without it, grants have no `remains`", () => {
    const [wide, narrow] = [policy(allow("*", "*")), policy(allow("a:B", "*"))];
    const cut = comparePolicies(wide, narrow, { boundary });
    const uncut = comparePolicies(wide, narrow);
    assert.equal(cut.relation, uncut.relation);
    assert.deepEqual(
      cut.excess.map(({ remains: _, ...grant }) => grant),
      uncut.excess,
    );
  });

  it("is reported if it cannot be read, and leaves each grant undecided", () => {
    const { excess, undecided } = comparePolicies(policy(allow("a:B", "*")), nothing, { boundary: "{" });
    assert.deepEqual([excess[0]?.remains, undecided[0]?.code], ["undecided", "syntax"]);
  });
});
