import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Grant } from "@drift-guard/policy/grant";
import { allow, deny, policy, trust } from "./builders.ts";

const nearestOf = (grants: readonly Grant[]) =>
  grants.map(({ nearest }) => nearest?.map(({ document, statement }) => `${document}.${statement}`));
const bob = { Condition: { StringEquals: { "aws:username": "bob" } } };

describe("the nearest statements of a grant", () => {
  it("are those with the same action and resource that fail on a condition alone", () => {
    const other = policy(allow("ec2:*", "*"), allow("s3:Get*", "*", { ...bob, Sid: "Bob" }));
    const { excess } = comparePolicies(policy(allow("s3:GetObject", "*")), other);
    assert.deepEqual(
      excess.map(({ nearest }) => nearest),
      [[{ document: 0, statement: 1, sid: "Bob" }]],
    );
  });

  it("are those of a trust for other principals", () => {
    const [batch, ecs] = [
      trust({ Service: "batch.amazonaws.com" }),
      trust({ Service: "ecs-tasks.amazonaws.com" }),
    ];
    const { excess, missing } = comparePolicies(batch, ecs);
    assert.deepEqual([...nearestOf(excess), ...nearestOf(missing)], [["0.0"], ["0.0"]]);
  });

  it("are the matching Denies before any Allow", () => {
    const open = policy(allow("s3:*", "*"));
    const { excess } = comparePolicies(open, [open, policy(deny("s3:Put*", "*"))]);
    assert.deepEqual(nearestOf(excess), [["1.0"]]);
  });

  it("are those that fail on the fewest elements", () => {
    const other = policy(allow("s3:GetObject", "arn:aws:s3:::b/*", bob), allow("s3:GetObject", "*", bob));
    assert.deepEqual(nearestOf(comparePolicies(policy(allow("s3:GetObject", "*")), other).excess), [["0.1"]]);
  });

  it("are Denies for a denied grant, and never Denies that do not match for an allowed one", () => {
    const [here, there] = ["arn:aws:s3:::here/*", "arn:aws:s3:::there/*"];
    const [one, other] = [
      policy(allow("s3:*", "*"), deny("s3:*", here)),
      policy(allow("s3:*", "*"), deny("s3:*", there)),
    ];
    assert.deepEqual(nearestOf(comparePolicies(one, other).deniesAdded), [["0.1"]]);
    const more = comparePolicies(
      policy(allow("s3:*", "*")),
      policy(deny("s3:*", here), allow("s3:*", there)),
    );
    for (const grant of more.excess) {
      const isHere = grant.resources?.[0] === here;
      assert.deepEqual(nearestOf([grant]), [isHere ? ["0.0"] : ["0.1"]]);
    }
  });

  it("are absent if no statement is about the action", () => {
    const { excess } = comparePolicies(policy(allow("iam:PassRole", "*")), policy(allow("s3:*", "*")));
    assert.deepEqual(nearestOf(excess), [undefined]);
  });

  it("are at most five", () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      allow("s3:GetObject", "*", { Condition: { StringEquals: { "aws:username": `u${index}` } } }),
    );
    const { excess } = comparePolicies(policy(allow("s3:GetObject", "*")), policy(...many));
    assert.equal(excess[0]?.nearest?.length, 5);
  });
});
