import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuardedRole } from "@drift-guard/core/config/config";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Approval } from "@drift-guard/core/model/approval";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { bodyOf, type Finding } from "@drift-guard/core/model/finding";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import type { Ledger } from "@drift-guard/core/model/ledger";
import { isSamePart, managedPart, partOf } from "@drift-guard/core/model/part";
import { type Role, seen } from "@drift-guard/core/model/role";
import { type PlanningInput, type PlanningResult, planRollback } from "@drift-guard/core/rollback/planner";
import { comparePolicies } from "@drift-guard/policy/compare";
import {
  account,
  aFinding,
  aLedger,
  allow,
  anActor,
  aRollback,
  batchServicePolicy,
  noon,
  secondsAfterNoon,
  trustOf,
} from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

function assess(role: Role, guarded: GuardedRole): readonly Assessment[] {
  return evaluate({ reference: referenceOf(role.name), guarded, reading: { status: "present", role } });
}

/** A ledger with an open finding for each of the role's assessments. */
function openLedger(role: Role, guarded = guardedAs({}), over: Partial<Finding> = {}): Ledger {
  const key = { account, name: role.name };
  const findings = assess(role, guarded).map((evidence) =>
    aFinding({ id: identifyFinding(key, evidence), role: key, evidence, ...over }),
  );
  return aLedger({ role: key, findings });
}

function plan(
  role: Role,
  rollback: GuardedRole["rollback"],
  over: Partial<PlanningInput> = {},
): PlanningResult {
  const guarded = over.guarded ?? guardedAs({ rollback });
  return planRollback({
    role,
    reference: referenceOf(role.name),
    guarded,
    assessments: assess(role, guarded),
    ledger: openLedger(role, guarded),
    approvals: [],
    now: noon,
    ...over,
  });
}

function approving(
  finding: Finding | undefined,
  over: Partial<Approval> = {},
): Pick<PlanningInput, "approvals"> {
  assert.ok(finding);
  const digest = digestEvidence(finding.evidence);
  return {
    approvals: [
      { findingId: finding.id, digest, by: "ann", at: noon, expires: secondsAfterNoon(60), ...over },
    ],
  };
}

const automatic = { excess: "automatic", missing: "automatic" } as const;
const detached = asReferenced("AWSBatchServiceRole", { attached: [] });
const calls = ({ plan }: PlanningResult) => plan.steps.map(({ call }) => call);

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
        part: managedPart(batchServicePolicy),
        call: "iam:AttachRolePolicy",
        policyArn: batchServicePolicy,
      },
    ]);
  });

  it("deletes an excess inline policy before it attaches a missing one", () => {
    const role = asReferenced("AWSBatchServiceRole", {
      attached: [],
      inline: [{ name: "rogue", text: allow("iam:*") }],
    });
    assert.deepEqual(calls(plan(role, automatic)), ["iam:DeleteRolePolicy", "iam:AttachRolePolicy"]);
  });

  it("detaches a retired policy last, and only with its replacement attached (2.2)", () => {
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

  it("adds to a trust that is compared as a floor, and removes nothing", () => {
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

  it("leaves a trusted actor's change to a person", () => {
    const causedBy = anActor({
      type: "AssumedRole",
      arn: `arn:aws:sts::${account}:assumed-role/terraform/run-7`,
      issuer: `arn:aws:iam::${account}:role/terraform`,
    });
    const ledger = openLedger(detached, guardedAs({}), { causedBy });
    const config = { trustedActors: ["arn:aws:iam::*:role/terraform"] };
    const planned = plan(detached, automatic, { ledger, config });
    assert.deepEqual(planned.plan.steps, []);
    assert.match(planned.withheld[0]?.reason ?? "", /approval: the change was made by .*role\/terraform/);
    const approval = approving(ledger.findings[0]);
    assert.deepEqual(calls(plan(detached, automatic, { ledger, config, ...approval })), [
      "iam:AttachRolePolicy",
    ]);
    const others = { trustedActors: ["arn:aws:iam::*:role/terraform-*"] };
    assert.deepEqual(calls(plan(detached, automatic, { ledger, config: others })), ["iam:AttachRolePolicy"]);
    const off = plan(detached, { excess: "off", missing: "off" }, { ledger, config });
    assert.deepEqual([off.plan.steps, off.withheld], [[], []]);
  });

  it("replaces a trust with drift by the reference's (R9)", () => {
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustOf("lambda.amazonaws.com") });
    const [step, ...others] = plan(role, automatic).plan.steps;
    assert.deepEqual(others, []);
    const document = step?.call === "iam:UpdateAssumeRolePolicy" ? step.document : "";
    assert.equal(
      comparePolicies(document, referenceOf(role.name).trust, { kind: "trust" }).relation,
      "equal",
    );
  });

  it("keeps a hardening if only an extra statement is wrong (2.10)", () => {
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

  it("has no step on a side that is switched off", () => {
    assert.deepEqual(calls(plan(detached, { excess: "automatic", missing: "off" })), []);
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustWith(foreign) });
    assert.deepEqual(calls(plan(role, { excess: "off", missing: "automatic" })), []);
  });

  it("replaces no trust if one of its sides is switched off", () => {
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustOf("lambda.amazonaws.com") });
    assert.deepEqual(calls(plan(role, { excess: "automatic", missing: "off" })), []);
  });

  it("waits for an approval of exactly this evidence in the mode approve", () => {
    const asked = plan(detached, { excess: "off", missing: "approve" });
    assert.deepEqual(calls(asked), []);
    const waiting = asked.withheld[0]?.finding;
    const mode = { excess: "off", missing: "approve" } as const;
    assert.deepEqual(calls(plan(detached, mode, approving(waiting))), ["iam:AttachRolePolicy"]);
    assert.deepEqual(calls(plan(detached, mode, approving(waiting, { digest: "of something else" }))), []);
    assert.deepEqual(calls(plan(detached, mode, approving(waiting, { expires: noon }))), []);
  });

  it("uses an approval for one rollback only", () => {
    const mode = { excess: "off", missing: "approve" } as const;
    const ledger = openLedger(detached);
    const [finding] = ledger.findings;
    assert.ok(finding);
    const rollback = aRollback("done", "r");
    const used = {
      ...rollback,
      startedAt: secondsAfterNoon(5),
      plan: { ...rollback.plan, findings: [finding.id] },
    };
    const over = { ...approving(finding), ledger: { ...ledger, rollbacks: [used] } };
    assert.deepEqual(calls(plan(detached, mode, over)), []);
  });

  it("replaces no trust if one of its sides is suppressed or not recorded yet", () => {
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustOf("lambda.amazonaws.com") });
    const ledger = openLedger(role);
    const accepted = ledger.findings.map(
      (finding): Finding =>
        finding.evidence.kind === "drift" && finding.evidence.side === "missing"
          ? { ...bodyOf(finding), state: "suppressed" }
          : finding,
    );
    assert.deepEqual(calls(plan(role, automatic, { ledger: { ...ledger, findings: accepted } })), []);
    const known = ledger.findings.filter(
      ({ evidence }) => evidence.kind === "drift" && evidence.side === "excess",
    );
    assert.deepEqual(calls(plan(role, automatic, { ledger: { ...ledger, findings: known } })), []);
  });

  it("restores nothing in a trust if restoring is switched off: a hardening in the same statement", () => {
    const hardened = JSON.parse(trustOf("ecs-tasks.amazonaws.com")).Statement[0];
    const trust = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          ...hardened,
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        },
      ],
    });
    const role = asReferenced("ecsTaskExecutionRole", { trust });
    const planned = plan(role, { excess: "automatic", missing: "off" });
    assert.deepEqual(planned.plan.steps, []);
    assert.match(planned.withheld[0]?.reason ?? "", /would also restore permissions/);
    assert.deepEqual(calls(plan(role, automatic)), ["iam:UpdateAssumeRolePolicy"]);
  });

  it("leaves a suppressed finding alone", () => {
    const ledger = openLedger(detached, guardedAs({}), { state: "suppressed" });
    assert.deepEqual(calls(plan(detached, automatic, { ledger })), []);
  });

  it("names the role's unique id, so that a re-created role is not written", () => {
    assert.equal(plan(detached, automatic).plan.roleId, detached.id);
  });
});

describe("a plan while a Deny may contain an incident", () => {
  const deny = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
  });
  const denied = { name: "AWSRevokeOlderSessions", text: deny };
  const rogue = { name: "rogue", text: allow("iam:*") };
  const contained = asReferenced("AWSBatchServiceRole", { attached: [], inline: [denied] });

  it("restores nothing, and says why", () => {
    const planned = plan(contained, automatic);
    assert.deepEqual(planned.plan.steps, []);
    assert.match(planned.withheld.map(({ reason }) => reason).join(), /may contain an incident/);
  });

  it("still removes an excess policy, so that a Deny is no shield", () => {
    const role = asReferenced("AWSBatchServiceRole", { inline: [denied, rogue] });
    assert.deepEqual(calls(plan(role, automatic)), ["iam:DeleteRolePolicy"]);
  });

  it("does not remove the policy with the Deny", () => {
    const both = JSON.parse(deny);
    both.Statement.push({ Effect: "Allow", Action: "iam:*", Resource: "*" });
    // The Deny is of another service, so that the Allow still allows something.
    both.Statement[0].Action = "ecs:*";
    const role = asReferenced("AWSBatchServiceRole", {
      inline: [{ name: "rogue", text: JSON.stringify(both) }],
    });
    assert.deepEqual(calls(plan(role, automatic)), []);
  });

  it("ignores a suppressed Deny", () => {
    const ledger = openLedger(contained);
    const findings = ledger.findings.map(
      (finding): Finding =>
        isSamePart(finding.evidence.part, partOf("inline:AWSRevokeOlderSessions"))
          ? { ...bodyOf(finding), state: "suppressed" }
          : finding,
    );
    assert.deepEqual(calls(plan(contained, automatic, { ledger: { ...ledger, findings } })), [
      "iam:AttachRolePolicy",
    ]);
  });

  it("can be approved by a person", () => {
    const ledger = openLedger(contained);
    const missing = ledger.findings.find(({ evidence }) =>
      isSamePart(evidence.part, managedPart(batchServicePolicy)),
    );
    assert.deepEqual(calls(plan(contained, automatic, { ledger, ...approving(missing) })), [
      "iam:AttachRolePolicy",
    ]);
  });

  it("needs approval to restore, or to change an undecided part, if a part is undecided", () => {
    const blurred = { name: "blurred", text: '{"Statement": 7}' };
    const role = asReferenced("AWSBatchServiceRole", { attached: [], inline: [blurred, rogue] });
    const planned = plan(role, automatic);
    assert.deepEqual(calls(planned), ["iam:DeleteRolePolicy"]);
    assert.match(planned.withheld.map(({ reason }) => reason).join(), /could not be compared/);
  });
});
