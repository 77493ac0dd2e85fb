import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Grant } from "@drift-guard/policy/grant";
import { allow, deny, policy, trust } from "./builders.ts";

const places = (grants: readonly Grant[]) =>
  grants.map(({ nearest }) => nearest?.map(({ document, statement }) => `${document}.${statement}`));
const bob = { Condition: { StringEquals: { "aws:username": "bob" } } };

describe("the nearest statement of the other side", () => {
  it("is the one with the same action and resource under a further condition", () => {
    const other = policy(allow("ec2:*", "*"), allow("s3:Get*", "*", { ...bob, Sid: "Bob" }));
    const { excess } = comparePolicies(policy(allow("s3:GetObject", "*")), other);
    assert.deepEqual(
      excess.map(({ nearest }) => nearest),
      [[{ document: 0, statement: 1, sid: "Bob" }]],
    );
  });

  it("is the one for other principals of a trust", () => {
    const [batch, ecs] = [
      trust({ Service: "batch.amazonaws.com" }),
      trust({ Service: "ecs-tasks.amazonaws.com" }),
    ];
    const { excess, missing } = comparePolicies(batch, ecs);
    assert.deepEqual([...places(excess), ...places(missing)], [["0.0"], ["0.0"]]);
  });

  it("is before all others the Deny that takes it", () => {
    const open = policy(allow("s3:*", "*"));
    const { excess } = comparePolicies(open, [open, policy(deny("s3:Put*", "*"))]);
    assert.deepEqual(places(excess), [["1.0"]]);
  });

  it("is the one that fewer elements keep from it", () => {
    const other = policy(allow("s3:GetObject", "arn:aws:s3:::b/*", bob), allow("s3:GetObject", "*", bob));
    assert.deepEqual(places(comparePolicies(policy(allow("s3:GetObject", "*")), other).excess), [["0.1"]]);
  });

  it("is a Deny where a Deny is told, and no Deny that lets the request pass where it is not", () => {
    const [here, there] = ["arn:aws:s3:::here/*", "arn:aws:s3:::there/*"];
    const [one, other] = [
      policy(allow("s3:*", "*"), deny("s3:*", here)),
      policy(allow("s3:*", "*"), deny("s3:*", there)),
    ];
    assert.deepEqual(places(comparePolicies(one, other).deniesAdded), [["0.1"]]);
    const more = comparePolicies(
      policy(allow("s3:*", "*")),
      policy(deny("s3:*", here), allow("s3:*", there)),
    );
    for (const grant of more.excess) {
      const isHere = grant.resources?.[0] === here;
      assert.deepEqual(places([grant]), [isHere ? ["0.0"] : ["0.1"]]);
    }
  });

  it("is left out where no statement is about the action", () => {
    const { excess } = comparePolicies(policy(allow("iam:PassRole", "*")), policy(allow("s3:*", "*")));
    assert.deepEqual(places(excess), [undefined]);
  });

  it("is no more than a handful", () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      allow("s3:GetObject", "*", { Condition: { StringEquals: { "aws:username": `u${index}` } } }),
    );
    const { excess } = comparePolicies(policy(allow("s3:GetObject", "*")), policy(...many));
    assert.equal(excess[0]?.nearest?.length, 5);
  });
});
