import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuardedRole } from "@drift-guard/core/config";
import { digestEvidence, identifyFinding } from "@drift-guard/core/digest";
import { evaluate } from "@drift-guard/core/evaluate";
import { type Planned, type Planning, planRollback } from "@drift-guard/core/planner";
import type { Role } from "@drift-guard/core/role";
import { comparePolicies } from "@drift-guard/policy/compare";
import {
  account,
  aFinding,
  allow,
  batchServicePolicy,
  noon,
  secondsAfterNoon,
  trustOf,
} from "../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "./wards.ts";

function plan(role: Role, rollback: GuardedRole["rollback"], over: Partial<Planning> = {}): Planned {
  const reference = referenceOf(role.name);
  const guarded = guardedAs({ rollback });
  const key = { account, name: role.name };
  const findings = evaluate({ reference, guarded, reading: { status: "present", role } }).map((evidence) =>
    aFinding({ id: identifyFinding(key, evidence), role: key, evidence }),
  );
  return planRollback({ role, reference, guarded, findings, approvals: [], now: noon, ...over });
}

const automatic = { excess: "automatic", missing: "automatic" } as const;
const detached = asReferenced("AWSBatchServiceRole", { attached: [] });
const calls = ({ plan }: Planned) => plan.steps.map(({ call }) => call);

function trustWith(...extra: readonly object[]): string {
  const document = JSON.parse(trustOf("ecs-tasks.amazonaws.com"));
  return JSON.stringify({ ...document, Statement: [...document.Statement, ...extra] });
}
const foreign = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };

describe("a plan", () => {
  it("attaches what was detached (R6)", () => {
    assert.deepEqual(plan(detached, automatic).plan.steps, [
      {
        role: "AWSBatchServiceRole",
        part: `managed:${batchServicePolicy}`,
        call: "iam:AttachRolePolicy",
        policyArn: batchServicePolicy,
      },
    ]);
  });

  it("deletes an inline policy that gives too much, before it attaches what is missing", () => {
    const role = asReferenced("AWSBatchServiceRole", {
      attached: [],
      inline: [{ name: "rogue", text: allow("iam:*") }],
    });
    assert.deepEqual(calls(plan(role, automatic)), ["iam:DeleteRolePolicy", "iam:AttachRolePolicy"]);
  });

  it("replaces a trust that does not match by the reference's (R9)", () => {
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustOf("lambda.amazonaws.com") });
    const [step, ...others] = plan(role, automatic).plan.steps;
    assert.deepEqual(others, []);
    const document = step?.call === "iam:UpdateAssumeRolePolicy" ? step.document : "";
    assert.equal(
      comparePolicies(document, referenceOf(role.name).trust, { kind: "trust" }).relation,
      "equal",
    );
  });

  it("keeps a hardening where only a statement too many is wrong (2.10)", () => {
    const hardened = JSON.parse(trustOf("ecs-tasks.amazonaws.com")).Statement[0];
    const trust = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ ...hardened, Condition: { StringEquals: { "aws:SourceAccount": account } } }, foreign],
    });
    const [step] = plan(asReferenced("ecsTaskExecutionRole", { trust }), automatic).plan.steps;
    const document = step?.call === "iam:UpdateAssumeRolePolicy" ? step.document : "";
    assert.match(document, /aws:SourceAccount/);
    assert.doesNotMatch(document, /999988887777/);
  });

  it("does nothing on a side that the owner left off", () => {
    assert.deepEqual(calls(plan(detached, { excess: "automatic", missing: "off" })), []);
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustWith(foreign) });
    assert.deepEqual(calls(plan(role, { excess: "off", missing: "automatic" })), []);
  });

  it("replaces no trust of which one side may not be touched", () => {
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustOf("lambda.amazonaws.com") });
    assert.deepEqual(calls(plan(role, { excess: "automatic", missing: "off" })), []);
  });

  it("waits for approval where the owner wants to be asked, and takes one of exactly this evidence", () => {
    const asked = plan(detached, { excess: "off", missing: "approve" });
    assert.deepEqual(calls(asked), []);
    const [waiting] = asked.awaiting;
    assert.ok(waiting);
    const approval = (digest: string, expires = secondsAfterNoon(60)) => ({
      approvals: [{ findingId: waiting.id, digest, by: "ann", expires }],
    });
    const mode = { excess: "off", missing: "approve" } as const;
    assert.deepEqual(calls(plan(detached, mode, approval(digestEvidence(waiting.evidence)))), [
      "iam:AttachRolePolicy",
    ]);
    assert.deepEqual(calls(plan(detached, mode, approval("of something else"))), []);
    assert.deepEqual(calls(plan(detached, mode, approval(digestEvidence(waiting.evidence), noon))), []);
  });

  it("leaves a suppressed finding alone", () => {
    const findings = [aFinding({ state: "suppressed" })];
    assert.deepEqual(calls(plan(detached, automatic, { findings })), []);
  });

  it("names the role by its unique id, so that a role made anew is not written", () => {
    assert.equal(plan(detached, automatic).plan.roleId, detached.id);
  });
});
