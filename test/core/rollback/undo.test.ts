import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inlinePart, managedPart, partOf } from "@drift-guard/core/model/part";
import { applyStep } from "@drift-guard/core/rollback/apply-step";
import { recordRole } from "@drift-guard/core/rollback/before-state";
import { createDigester } from "@drift-guard/core/rollback/part-values";
import { planUndo } from "@drift-guard/core/rollback/undo";
import { allow } from "../../builders.ts";
import { asReferenced } from "../watched-roles.ts";
import { automatic, plan } from "./planning.ts";

const name = "AWSBatchServiceRole";
const before = asReferenced(name, { attached: [], inline: [{ name: "rogue", text: allow("iam:*") }] });

describe("the undoing of a rollback", () => {
  it("brings back what the rollback removed and removes what it restored, the last call first", () => {
    const { plan: rollback } = plan(before, automatic);
    const after = rollback.steps.reduce((role, step) => applyStep(role, step), before);
    const { plan: undo, kept } = planUndo(rollback.steps, before, after);
    assert.deepEqual(
      rollback.steps.map(({ call }) => call),
      ["iam:DeleteRolePolicy", "iam:AttachRolePolicy"],
    );
    assert.deepEqual(
      undo.steps.map(({ call }) => call),
      ["iam:DetachRolePolicy", "iam:PutRolePolicy"],
    );
    assert.deepEqual(kept, []);
    assert.deepEqual(
      undo.steps.reduce((role, step) => applyStep(role, step), after),
      before,
    );
  });

  it("has no step where the drift came back already", () => {
    const { plan: rollback } = plan(before, automatic);
    assert.deepEqual(planUndo(rollback.steps, before, before).plan.steps, []);
  });

  it("leaves versions of managed policies, and says so", () => {
    const step = {
      role: name,
      part: managedPart("arn:aws:iam::123456789012:policy/shared"),
      call: "iam:SetDefaultPolicyVersion" as const,
      policyArn: "arn:aws:iam::123456789012:policy/shared",
      versionId: "v2",
      document: allow("s3:GetObject"),
    };
    const { plan: undo, kept } = planUndo([step], before, before);
    assert.deepEqual([undo.steps, kept.map((each) => each.step)], [[], [step]]);
    assert.match(kept[0]?.why ?? "", /other roles/);
  });

  it("writes no digest where a document was too large to be recorded", () => {
    const digest = createDigester();
    const recorded = recordRole(
      { ...before, inline: [{ name: "rogue", text: allow("s3:x".padEnd(200_000, "x")) }] },
      digest,
    );
    const steps = [
      { role: name, part: inlinePart("rogue"), call: "iam:DeleteRolePolicy" as const, policyName: "rogue" },
      {
        role: name,
        part: partOf("trust"),
        call: "iam:UpdateAssumeRolePolicy" as const,
        document: before.trust,
      },
    ];
    const { plan: undo, kept } = planUndo(steps, { ...recorded, trust: digest(before.trust) }, before);
    assert.deepEqual(undo.steps, []);
    for (const { why } of kept) assert.match(why, /too large to be recorded: only its digest is known/);
    assert.equal(kept.length, 2);
  });
});
