import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestRole } from "@drift-guard/core/model/identity";
import { partOf } from "@drift-guard/core/model/part";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { defineReference, type Reference } from "@drift-guard/core/reference/reference";
import { account, trustOf } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";
import { calls, driftsOf, plan, reasons } from "./planning.ts";

const name = "ecsTaskExecutionRole";
const settings = { description: "Runs orders", maxSession: 7_200, tags: { Team: "orders" } } as const;
const reference: Reference = defineReference({ ...referenceOf(name), ...settings });
const altered = { altered: "automatic" } as const;
const clean = asReferenced(name, {
  description: seen("Runs orders"),
  maxSession: seen(7_200),
  tags: seen({ Team: "orders" }),
});
const planned = (over: Partial<Role>) => plan({ ...clean, ...over }, altered, { reference });

describe("the rollback of a setting", () => {
  it("sets description and maximum session duration, and keeps the other of the two", () => {
    assert.deepEqual(calls(planned({})), []);
    const described = planned({ description: seen("x") });
    assert.deepEqual(
      described.plan.steps.map(({ findings: _, ...step }) => step),
      [
        {
          role: name,
          part: partOf("description"),
          call: "iam:UpdateRole",
          description: "Runs orders",
          maxSession: 7_200,
          restores: false,
        },
      ],
    );
    const both = planned({ description: seen("x"), maxSession: seen(43_200) });
    assert.deepEqual(both.plan.findings.length, 2);
    const last = both.plan.steps.at(-1);
    assert.ok(last?.call === "iam:UpdateRole");
    assert.deepEqual([last.description, last.maxSession], ["Runs orders", 7_200]);
  });

  it("leaves a duration that is suppressed or whose mode is off as it is", () => {
    const role = { ...clean, description: seen("x"), maxSession: seen(43_200) };
    const [, session] = driftsOf(role, reference);
    assert.equal(session && `${session.drift.part}`, "session");
    const off = plan(role, { altered: "off" }, { reference });
    assert.deepEqual(calls(off), []);
    const approve = plan(role, { altered: "approve" }, { reference });
    assert.match(reasons(approve), /approval/i);
  });

  it("sets a tag with the reference's key, and removes one that closed tags do not list", () => {
    assert.deepEqual(calls(planned({ tags: seen({ TEAM: "x" }) })), ["iam:TagRole"]);
    const extra = { ...clean, tags: seen({ Team: "orders", more: "x" }) };
    assert.deepEqual(calls(plan(extra, altered, { reference })), []);
    const guarded = guardedAs({ rollback: altered, strictness: { tags: "closed" } });
    const [step, ...others] = plan(extra, altered, { reference, guarded }).plan.steps;
    assert.deepEqual(others, []);
    assert.ok(step?.call === "iam:UntagRole" && step.key === "more");
  });

  it("counts a longer session and every tag as restoring, which a trust that is not clean withholds", () => {
    const foreign = JSON.stringify({
      ...JSON.parse(trustOf("ecs-tasks.amazonaws.com")),
      Statement: [{ Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" }],
    });
    const shorter = planned({ maxSession: seen(3_600), trust: foreign });
    assert.deepEqual([calls(shorter), reasons(shorter) !== ""], [[], true]);
    const longer = planned({ maxSession: seen(43_200), trust: foreign });
    assert.deepEqual(calls(longer), ["iam:UpdateRole"], "a shorter session takes from a stranger");
    assert.deepEqual(calls(planned({ tags: seen({}), trust: foreign })), []);
  });

  it("plans nothing for what the read does not show", () => {
    const hidden = unseen("denied");
    assert.deepEqual(calls(planned({ description: hidden, maxSession: hidden, tags: hidden })), []);
  });

  it("is not carried out on a role whose settings changed since the plan", () => {
    for (const over of [{ description: seen("y") }, { maxSession: seen(3_600) }, { tags: seen({}) }]) {
      assert.notEqual(digestRole({ ...clean, ...over }), digestRole(clean));
    }
  });
});
