import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { planForApproval } from "@drift-guard/core/rollback/plan-for-approval";
import type { PlanningInput } from "@drift-guard/core/rollback/planning";
import { allow, noon, secondsAfterNoon } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";
import { assess, calls, controlWith, driftsOf, plan, reasons } from "./planning.ts";

const name = "AWSBatchServiceRole";
const approve = { excess: "approve", missing: "approve" } as const;
const text = allow("iam:*");
const role = asReferenced(name, { inline: [{ name: "rogue", text }] });
const [excess] = driftsOf(role);
assert.ok(excess);

const planning = (over: Partial<PlanningInput> = {}): PlanningInput => {
  const guarded = guardedAs({ rollback: approve });
  return {
    role,
    reference: referenceOf(name),
    guarded,
    assessments: assess(over.role ?? role, guarded),
    control: controlWith(),
    now: noon,
    ...over,
  };
};
const approvalOf = (approved: ReturnType<typeof planForApproval>["plan"]) => ({
  findingId: excess.id,
  digest: digestEvidence(excess.drift),
  by: "arn:aws:iam::123456789012:user/ann",
  at: noon,
  expires: secondsAfterNoon(3600),
  plan: approved,
});

describe("the approval of a plan", () => {
  it("is planned as if it were given, and is carried out as it was planned", () => {
    const { plan: approved, reason } = planForApproval(planning(), excess.id);
    assert.equal(reason, undefined);
    assert.deepEqual(
      approved.steps.map(({ call }) => call),
      ["iam:DeleteRolePolicy"],
    );
    const planned = plan(role, approve, { control: { approvals: [approvalOf(approved)] } });
    assert.deepEqual(calls(planned), ["iam:DeleteRolePolicy"]);
  });

  it("leads to nothing where the plan has other steps now, and says what moved", () => {
    const { plan: approved } = planForApproval(planning(), excess.id);
    const [step] = approved.steps;
    assert.ok(step);
    const other = {
      ...approved,
      steps: [{ ...step, call: "iam:DeleteRolePolicy" as const, policyName: "another" }],
    };
    const planned = plan(role, approve, { control: { approvals: [approvalOf(other)] } });
    assert.deepEqual(calls(planned), []);
    assert.match(
      reasons(planned),
      /not the approved one any more\. It would now also make: iam:DeleteRolePolicy at inline:rogue\. It would no longer make: .*\. Approve it again/,
    );
  });

  it("leads to nothing where the role was made anew", () => {
    const { plan: approved } = planForApproval(planning(), excess.id);
    const anew = { ...role, id: "AROAANEW" };
    const planned = plan(anew, approve, { control: { approvals: [approvalOf(approved)] } });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /made anew since the approval: its unique id is AROAANEW/);
  });

  it("of other steps stops nothing that the configuration allows without it", () => {
    const { plan: approved } = planForApproval(planning(), excess.id);
    const approvals = [approvalOf({ ...approved, steps: [] })];
    const planned = plan(role, { excess: "automatic" }, { control: { approvals } });
    assert.deepEqual(calls(planned), ["iam:DeleteRolePolicy"]);
  });

  it("has no steps where it would not lead to a rollback, and says why", () => {
    const off = planForApproval(planning({ guarded: guardedAs({}) }), excess.id);
    assert.deepEqual(off.plan.steps, []);
    const pauses = [
      { scope: "account", by: "ann", at: noon, until: secondsAfterNoon(60), reason: "maintenance" } as const,
    ];
    const paused = planForApproval(planning({ control: controlWith({ pauses }) }), excess.id);
    assert.deepEqual(paused.plan.steps, []);
    assert.match(paused.reason ?? "", /paused until .* by ann: maintenance/);
    assert.deepEqual(planForApproval(planning(), "0".repeat(32)).plan.steps, []);
  });

  it("counts only by somebody whom the configuration still lists, and says whose does not", () => {
    const ops = "arn:aws:iam::123456789012:role/people/ops";
    const { plan: approved } = planForApproval(planning(), excess.id);
    const by = "arn:aws:sts::123456789012:assumed-role/ops/ann";
    const approval = { ...approvalOf(approved), by, principal: ops, userId: "AROAOPS:ann" };
    const control = { approvals: [{ ...approval, at: secondsAfterNoon(-3600) }] };
    assert.deepEqual(calls(plan(role, { ...approve, approvers: [ops] }, { control })), [
      "iam:DeleteRolePolicy",
    ]);
    const planned = plan(role, { ...approve, approvers: [`${ops}-2`] }, { control });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /approval by \S+ops\/ann does not count/);
    assert.doesNotMatch(reasons(planned), /not the approved one/);
  });

  it("is not called outdated while it waits for the report of the change", () => {
    const { plan: approved } = planForApproval(planning(), excess.id);
    const approval = { ...approvalOf(approved), userId: "AIDAANN" };
    const planned = plan(role, approve, { control: { approvals: [approval] } });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /counts from 2026-11-22T12:15/);
    assert.doesNotMatch(reasons(planned), /not the approved one/);
  });
});
