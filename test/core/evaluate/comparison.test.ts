import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareTexts } from "@drift-guard/core/evaluate/comparison";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { type Role, seen } from "@drift-guard/core/model/role";
import { comparePolicies } from "@drift-guard/policy/compare";
import fc from "fast-check";
import { account, allow, trustOf } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

const statements = (...list: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement: list });
const deny = (action: string) => statements({ Effect: "Deny", Action: action, Resource: "*" });

const permissions = [
  allow("s3:GetObject", "arn:aws:s3:::data/*"),
  allow("s3:*", "arn:aws:s3:::data/*"),
  allow("*"),
  allow(["iam:PassRole", "ecs:RunTask"]),
  deny("s3:GetObject"),
  deny("ecr:*"),
  `{"Version":"2012-10-17","Statement":[]}`,
  "[]",
  "no policy",
] as const;
const trusts = [
  trustOf("ecs-tasks.amazonaws.com"),
  trustOf("ec2.amazonaws.com"),
  statements(
    { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
    { Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" },
  ),
  statements({
    Effect: "Allow",
    Principal: { Service: "ecs-tasks.amazonaws.com" },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "aws:SourceAccount": account } },
  }),
  "no policy",
] as const;

const drawPermissions = fc.array(fc.constantFrom(...permissions), { maxLength: 3 });
const drawSide = fc.oneof(fc.constantFrom(...permissions), drawPermissions);

describe("a comparison of texts", () => {
  it("has the result of a comparison that was never made before", () => {
    fc.assert(
      fc.property(drawSide, drawSide, fc.option(fc.constantFrom(...permissions)), (one, other, boundary) => {
        const options = { kind: "identity", ...(boundary !== null && { boundary }) } as const;
        assert.deepEqual(compareTexts(one, other, options), comparePolicies(one, other, options));
      }),
    );
  });

  it("is made again for other options, and for the same texts in other lists", () => {
    const trust = trusts[3];
    const own = compareTexts(trust, trusts[0], { kind: "trust", account });
    const foreign = compareTexts(trust, trusts[0], { kind: "trust", account: "999988887777" });
    assert.equal(own.missing.length, 0);
    assert.equal(foreign.missing.length, 1);
    const text = allow("s3:GetObject");
    assert.equal(compareTexts([text], [], { kind: "identity" }).relation, "wider");
    assert.equal(compareTexts([], [text], { kind: "identity" }).relation, "narrower");
  });
});

const name = "ecsTaskExecutionRole";

const drawRole: fc.Arbitrary<Role> = fc
  .record({
    trust: fc.constantFrom(...trusts),
    inline: drawPermissions,
    isAttached: fc.boolean(),
    more: fc.option(fc.constantFrom(...permissions)),
    boundary: fc.option(fc.constantFrom(...permissions)),
  })
  .map(({ trust, inline, isAttached, more, boundary }) => {
    const policy = (text: string, id: string) => ({
      arn: `arn:aws:iam::${account}:policy/${id}`,
      version: seen({ id: "v1", text }),
    });
    const whole = asReferenced(name);
    return {
      ...whole,
      trust,
      inline: inline.map((text, index) => ({ name: `inline-${index}`, text })),
      attached: [...(isAttached ? whole.attached : []), ...(more === null ? [] : [policy(more, "more")])],
      boundary: seen(boundary === null ? null : policy(boundary, "boundary")),
    };
  });

let blanks = 0;

/** Returns the role with the same policies in texts that nobody has written before. */
function rewrite(role: Role): Role {
  const fresh = (text: string) => text + " ".repeat(++blanks);
  const freshPolicy = (policy: Role["attached"][number]) =>
    policy.version.observed
      ? { ...policy, version: seen({ ...policy.version.value, text: fresh(policy.version.value.text) }) }
      : policy;
  return {
    ...role,
    trust: fresh(role.trust),
    inline: role.inline.map((policy) => ({ ...policy, text: fresh(policy.text) })),
    attached: role.attached.map(freshPolicy),
    boundary:
      role.boundary.observed && role.boundary.value ? seen(freshPolicy(role.boundary.value)) : role.boundary,
  };
}

describe("the evaluation of a role whose policies other roles had before", () => {
  it("has the result of an evaluation of policies that were never seen", () => {
    const settings = { reference: referenceOf(name), guarded: guardedAs({}) };
    const assess = (role: Role) => evaluate({ ...settings, reading: { status: "present", role } });
    fc.assert(
      fc.property(drawRole, (role) => {
        assert.deepEqual(assess(role), assess(rewrite(role)));
      }),
    );
  });
});
