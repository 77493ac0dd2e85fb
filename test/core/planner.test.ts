import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuardedRole } from "@drift-guard/core/config";
import { digestEvidence, identifyFinding } from "@drift-guard/core/digest";
import { evaluate } from "@drift-guard/core/evaluate";
import type { Finding } from "@drift-guard/core/finding";
import { type Planned, type Planning, planRollback } from "@drift-guard/core/planner";
import { type Role, seen } from "@drift-guard/core/role";
import { comparePolicies } from "@drift-guard/policy/compare";
import {
  account,
  aFinding,
  allow,
  anActor,
  batchServicePolicy,
  noon,
  secondsAfterNoon,
  trustOf,
} from "../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "./wards.ts";

function openFindings(role: Role, guarded = guardedAs({})): readonly Finding[] {
  const key = { account, name: role.name };
  const reading = { status: "present", role } as const;
  return evaluate({ reference: referenceOf(role.name), guarded, reading }).map((evidence) =>
    aFinding({ id: identifyFinding(key, evidence), role: key, evidence }),
  );
}

function plan(role: Role, rollback: GuardedRole["rollback"], over: Partial<Planning> = {}): Planned {
  const reference = referenceOf(role.name);
  const guarded = guardedAs({ rollback });
  const findings = openFindings(role, over.guarded ?? guarded);
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

  it("takes a retired policy off last, and only once what replaces it is attached (2.2)", () => {
    const reference = referenceOf("AmazonEC2SpotFleetTaggingRole");
    const legacy = reference.retired.map(({ arn }) => ({
      arn,
      version: seen({ id: "v4", text: allow("*") }),
    }));
    const role = asReferenced("AmazonEC2SpotFleetTaggingRole", { attached: legacy });
    const planned = plan(role, automatic);
    assert.deepEqual(calls(planned), ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]);
    assert.equal(planned.plan.findings.length, 2);
    const alone = plan(role, { excess: "automatic", missing: "off" });
    assert.deepEqual([alone.plan.steps, alone.plan.findings], [[], []]);
    const both = asReferenced("AmazonEC2SpotFleetTaggingRole");
    const replaced = plan(
      { ...both, attached: [...both.attached, ...legacy] },
      { excess: "automatic", missing: "off" },
    );
    assert.deepEqual(calls(replaced), ["iam:DetachRolePolicy"]);
  });

  it("adds to a trust whose reference is a floor, and takes nothing from it", () => {
    const role = asReferenced("ecsTaskExecutionRole", {
      trust: JSON.stringify({ Version: "2012-10-17", Statement: foreign }),
    });
    const planned = plan(role, automatic, {
      guarded: guardedAs({ rollback: automatic, strictness: { trust: "floor" } }),
    });
    const step = planned.plan.steps.find(({ call }) => call === "iam:UpdateAssumeRolePolicy");
    assert.ok(step?.call === "iam:UpdateAssumeRolePolicy");
    assert.equal(comparePolicies(step.document, trustWith(foreign), { kind: "trust" }).relation, "equal");
  });

  it("leaves what a trusted actor did to a person", () => {
    const causedBy = anActor({
      type: "AssumedRole",
      arn: `arn:aws:sts::${account}:assumed-role/terraform/run-7`,
      issuer: `arn:aws:iam::${account}:role/terraform`,
    });
    const findings = openFindings(detached).map((finding) => ({ ...finding, causedBy }));
    const config = { trustedActors: ["arn:aws:iam::*:role/terraform"] };
    const planned = plan(detached, automatic, { findings, config });
    assert.deepEqual([planned.plan.steps, planned.awaiting], [[], findings]);
    const [finding] = findings;
    assert.ok(finding);
    const approval = {
      findingId: finding.id,
      digest: digestEvidence(finding.evidence),
      by: "arn:aws:iam::123456789012:user/ann",
      expires: secondsAfterNoon(60),
    };
    const approved = plan(detached, automatic, { findings, config, approvals: [approval] });
    assert.deepEqual(calls(approved), ["iam:AttachRolePolicy"]);
    const others = { trustedActors: ["arn:aws:iam::*:role/terraform-*"] };
    assert.deepEqual(calls(plan(detached, automatic, { findings, config: others })), [
      "iam:AttachRolePolicy",
    ]);
    const off = plan(detached, { excess: "off", missing: "off" }, { findings, config });
    assert.deepEqual([off.plan.steps, off.awaiting], [[], []]);
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
