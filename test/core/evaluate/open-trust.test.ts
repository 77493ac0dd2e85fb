import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { captureRole } from "@drift-guard/core/capture/capture";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { Role } from "@drift-guard/core/model/role";
import { account, aRole } from "../../builders.ts";
import { guardedAs } from "../watched-roles.ts";

const date = "2026-11-28";
const allows = (principal: unknown, over: object = {}) => ({
  Effect: "Allow",
  Principal: principal,
  Action: "sts:AssumeRole",
  ...over,
});
const trusting = (...statements: readonly object[]): Role =>
  aRole({
    name: "Worker",
    attached: [],
    trust: JSON.stringify({ Version: "2012-10-17", Statement: statements }),
  });

/** Compares a role with the reference that is captured from it, or from another one. */
function assess(role: Role, captured = role): readonly Assessment[] {
  const { reference } = captureRole(captured, date);
  return evaluate({ reference, guarded: guardedAs({}), reading: { status: "present", role } });
}
const warningsOf = (role: Role) =>
  captureRole(role, date).notes.filter((note) => note.startsWith("Warning: "));

const everybody = { AWS: "*" };
const own = { StringEquals: { "aws:PrincipalAccount": account } };

describe("a trust policy that lets anyone in", () => {
  for (const [what, ...statements] of [
    ["by *", allows("*")],
    ["by AWS *", allows(everybody, { Action: "sts:*" })],
    ["by every principal but one", { ...allows(undefined), NotPrincipal: { AWS: account } }],
    ["from any other account", allows(everybody, { Condition: { StringNotEquals: own.StringEquals } })],
    ["with MFA", allows(everybody, { Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } })],
    ["beside a Deny of another condition", allows("*"), { ...allows("*"), Effect: "Deny", Condition: own }],
  ] as const) {
    it(`is warned of by capture, and noted where the reference says so: ${what}`, () => {
      const role = trusting(...statements);
      const named = /\$\.Statement\[0\] of the trust policy lets anyone, in any AWS account, assume Worker\./;
      assert.match(warningsOf(role).join(), named);
      const [note, ...others] = assess(role);
      assert.deepEqual(others, []);
      assert.ok(note?.kind === "note" && note.topic === "open-trust");
      assert.match(note.details.join(), named);
      assert.equal(rateSeverity(note, { role: { account, name: "Worker" } }), "LOW");
    });
  }

  it("is named by its statement and Sid, each of several", () => {
    const role = trusting(
      allows({ Service: "ecs-tasks.amazonaws.com" }),
      allows("*", { Sid: "All" }),
      allows(everybody),
    );
    assert.match(warningsOf(role).join(), /\$\.Statement\[1\] \(All\), \$\.Statement\[2\] .* let anyone/);
  });

  it("is a drift where the reference lets in fewer", () => {
    const kinds = assess(trusting(allows("*")), trusting(allows(everybody, { Condition: own }))).map(
      ({ kind, part }) => `${part} ${kind}`,
    );
    assert.deepEqual(kinds, ["trust drift"]);
  });
});

describe("a trust policy that lets in whom it names", () => {
  for (const [what, ...statements] of [
    ["a service", allows({ Service: "ecs-tasks.amazonaws.com" })],
    ["an account", allows({ AWS: account })],
    ["its own account, by a condition", allows(everybody, { Condition: own })],
    [
      "its organisation",
      allows(everybody, { Condition: { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } } }),
    ],
    [
      "everybody but others, who are denied",
      allows("*"),
      { ...allows("*"), Effect: "Deny", Condition: { StringNotEquals: own.StringEquals } },
    ],
    ["nobody: it gives no session", allows("*", { Action: "sts:TagSession" })],
    [
      "roles of a pattern",
      allows(everybody, {
        Condition: { ArnLike: { "aws:PrincipalArn": `arn:aws:iam::${account}:role/team/*` } },
      }),
    ],
  ] as const) {
    it(`is not warned of: ${what}`, () => {
      const role = trusting(...statements);
      assert.deepEqual(warningsOf(role), []);
      assert.deepEqual(assess(role), []);
    });
  }
});
