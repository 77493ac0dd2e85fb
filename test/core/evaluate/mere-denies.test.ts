import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { createDenyCheck } from "@drift-guard/core/evaluate/mere-denies";
import { comparePolicies } from "@drift-guard/policy/compare";
import fc from "fast-check";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

const policy = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

describe("the check whether Denies take nothing", () => {
  const actions = ["s3:GetObject", "s3:*", "S3:Get*", "sqs:SendMessage", "*", "s?s:*", "kms:Decrypt"];
  const statement = fc.record({
    action: fc.constantFrom(...actions.map((Action) => ({ Action })), { NotAction: "s3:*" }),
    Resource: fc.constantFrom("*", "arn:aws:s3:::bucket/*", "arn:aws:sqs:us-east-1:123456789012:queue"),
    condition: fc.constantFrom(
      {},
      { Condition: { StringEquals: { "aws:PrincipalTag/team": "a" } } },
      { Condition: { StringNotEquals: { "aws:PrincipalTag/team": "a" } } },
    ),
  });
  const withEffect = (Effect: string) =>
    statement.map(({ action, Resource, condition }) => ({ Effect, ...action, Resource, ...condition }));

  it("answers as one comparison with all policies does", () => {
    const allows = fc.array(withEffect("Allow"), { maxLength: 8 });
    fc.assert(
      fc.property(allows, withEffect("Deny"), (statements, deny) => {
        const policies = statements.map((each) => policy(each));
        const { missing, undecided } = comparePolicies([...policies, policy(deny)], policies, {
          kind: "identity",
        });
        const isHarmless = missing.length + undecided.length === 0;
        assert.equal(createDenyCheck([...policies, policy(deny)])(policy(deny)), isHarmless);
      }),
      { numRuns: 60 },
    );
  });

  it("calls nothing harmless that it had not the effort to compare", () => {
    const Condition = { StringEquals: { "aws:PrincipalTag/team": "a" } };
    const policies = Array.from({ length: 200 }, (_, index) =>
      policy(
        { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::bucket-${index}/*`, Condition },
        { Effect: "Deny", Action: "s3:Get*", Resource: `arn:aws:s3:::other-${index}/*` },
      ),
    );
    const check = createDenyCheck(policies);
    const answers = policies.map((text) => check(text));
    assert.deepEqual([answers[0], answers.at(-1)], [true, false]);
  });

  it("is done for 150 policies of a role, each with a Deny and an Allow under conditions", () => {
    const text = (index: number) => {
      const to = { Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/*" };
      return policy(
        { Effect: "Allow", ...to, Condition: { StringEquals: { "aws:PrincipalTag/a": `${index}` } } },
        { Effect: "Deny", ...to, Condition: { StringLike: { "aws:PrincipalTag/b": `${index}*` } } },
      );
    };
    const inline = Array.from({ length: 150 }, (_, index) => ({ name: `p${index}`, text: text(index) }));
    const role = asReferenced("ecsTaskExecutionRole", { inline });
    const assessments = evaluate({
      reference: referenceOf(role.name),
      guarded: guardedAs({}),
      reading: { status: "present", role },
    });
    const harmless = assessments.filter((each) => each.kind === "drift" && each.harmless);
    assert.deepEqual([assessments.length, harmless.length], [300, 0]);
  });
});
