import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuardedRole } from "@drift-guard/core/config/config";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { isSamePart, managedPart, partOf } from "@drift-guard/core/model/part";
import { seen } from "@drift-guard/core/model/role";
import { comparePolicies } from "@drift-guard/policy/compare";
import {
  account,
  allow,
  anActor,
  aRollback,
  batchServicePolicy,
  noon,
  secondsAfterNoon,
  trustOf,
} from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";
import { approving, automatic, calls, driftsOf, plan, suppressing } from "./planning.ts";

const detached = asReferenced("AWSBatchServiceRole", { attached: [] });

function trustWith(...extra: readonly object[]): string {
  const document = JSON.parse(trustOf("ecs-tasks.amazonaws.com"));
  return JSON.stringify({ ...document, Statement: [...document.Statement, ...extra] });
}
const foreign = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };

interface TrustJson {
  readonly Version: string;
  readonly Statement: readonly object[];
}

/** The trust of an execution role with one statement, which requires the own account unless `condition` is another. */
function hardened(condition: object = {}, over: object = {}): TrustJson {
  const own = { StringEquals: { "aws:SourceAccount": account } };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: ["ecs-tasks.amazonaws.com"] },
        Action: ["sts:AssumeRole"],
        Condition: Object.keys(condition).length === 0 ? own : condition,
        ...over,
      },
    ],
  };
}

/** The trust policy that a plan writes for an execution role with some trust. */
function repair(trust: TrustJson, rollback: Partial<GuardedRole["rollback"]>): unknown {
  const planned = plan(asReferenced("ecsTaskExecutionRole", { trust: JSON.stringify(trust) }), rollback);
  const [step, ...others] = planned.plan.steps;
  assert.deepEqual(others, []);
  assert.ok(step?.call === "iam:UpdateAssumeRolePolicy", JSON.stringify(planned));
  return JSON.parse(step.document);
}

describe("a plan", () => {
  it("attaches what was detached (R6)", () => {
    assert.deepEqual(plan(detached, automatic).plan.steps, [
      {
        restores: true,
        findings: driftsOf(detached).map(({ id }) => id),
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
    const [missing] = driftsOf(detached);
    assert.ok(missing);
    const causes = [{ findingId: missing.id, digest: "", actor: causedBy }];
    const config = { trustedActors: ["arn:aws:iam::*:role/terraform"], severities: {} };
    const planned = plan(detached, automatic, { control: { causes }, config });
    assert.deepEqual(planned.plan.steps, []);
    assert.match(planned.withheld[0]?.reason ?? "", /approval: the change was made by .*role\/terraform/);
    const { approvals } = approving(detached).control;
    assert.deepEqual(calls(plan(detached, automatic, { control: { causes, approvals }, config })), [
      "iam:AttachRolePolicy",
    ]);
    const others = { trustedActors: ["arn:aws:iam::*:role/terraform-*"], severities: {} };
    assert.deepEqual(calls(plan(detached, automatic, { control: { causes }, config: others })), [
      "iam:AttachRolePolicy",
    ]);
    const off = plan(detached, { excess: "off", missing: "off" }, { control: { causes }, config });
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
    assert.match(asked.withheld[0]?.reason ?? "", /waits for a person's approval/);
    const mode = { excess: "off", missing: "approve" } as const;
    assert.deepEqual(calls(plan(detached, mode, approving(detached))), ["iam:AttachRolePolicy"]);
    const other = { digest: "of something else" };
    assert.deepEqual(calls(plan(detached, mode, approving(detached, undefined, other))), []);
    assert.deepEqual(calls(plan(detached, mode, approving(detached, undefined, { expires: noon }))), []);
  });

  it("uses an approval for one rollback only", () => {
    const mode = { excess: "off", missing: "approve" } as const;
    const [missing] = driftsOf(detached);
    assert.ok(missing);
    const rollback = aRollback("done", "r");
    const used = {
      ...rollback,
      startedAt: secondsAfterNoon(5),
      plan: { ...rollback.plan, findings: [missing.id] },
    };
    const { approvals } = approving(detached).control;
    assert.deepEqual(calls(plan(detached, mode, { control: { approvals, rollbacks: [used] } })), []);
  });

  it("replaces no trust if one of its sides is suppressed", () => {
    const role = asReferenced("ecsTaskExecutionRole", { trust: trustOf("lambda.amazonaws.com") });
    const exceptions = suppressing(role, ({ side }) => side === "missing");
    assert.deepEqual(calls(plan(role, automatic, { control: { exceptions } })), []);
  });

  it("takes an excess action out of a hardened statement, also if restoring is switched off", () => {
    const trust = hardened({}, { Action: ["sts:AssumeRole", "sts:TagSession"] });
    assert.deepEqual(repair(trust, { excess: "automatic", missing: "off" }), hardened());
  });

  // A backdoor adds itself to the statement that is there (https://gist.github.com/dagrz/46fa9f9719573a0e6a6ae6fc8e5ac3d4).
  it("takes an added principal out of a hardened statement, and leaves the condition", () => {
    const service = "ecs-tasks.amazonaws.com";
    for (const [added, condition] of [
      [{ Service: [service, "lambda.amazonaws.com"] }, "StringEquals"],
      [{ Service: [service], AWS: "999988887777" }, "StringEqualsIfExists"],
      [{ Service: service, AWS: ["arn:aws:iam::999988887777:role/x", account] }, "StringEquals"],
      [{ Service: service, Federated: "cognito-identity.amazonaws.com" }, "StringEqualsIfExists"],
    ] as const) {
      const trust = hardened({ [condition]: { "aws:SourceAccount": account } }, { Principal: added });
      for (const missing of ["off", "automatic"] as const) {
        assert.deepEqual(
          repair(trust, { excess: "automatic", missing }),
          hardened({ [condition]: { "aws:SourceAccount": account } }),
          JSON.stringify(added),
        );
      }
    }
  });

  it("narrows wildcards in a hardened statement to the reference's principal and action", () => {
    for (const over of [{ Action: "sts:*" }, { Principal: "*" }, { Principal: { AWS: "*" } }]) {
      assert.deepEqual(repair(hardened({}, over), { excess: "automatic", missing: "off" }), hardened());
    }
  });

  it("removes principals from one statement and leaves another as it is", () => {
    const org = hardened({ StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } });
    const trust = {
      ...org,
      Statement: [...org.Statement, ...hardened({}, { Principal: { AWS: "999988887777" } }).Statement],
    };
    assert.deepEqual(repair(trust, { excess: "automatic", missing: "automatic" }), org);
  });

  it("removes no condition on an organisation that the configuration does not name", () => {
    const inside = hardened({ StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } });
    const role = asReferenced("ecsTaskExecutionRole", { trust: JSON.stringify(inside) });
    assert.deepEqual(calls(plan(role, automatic)), []);
    // AWS Batch is missing, and is added beside the statement with the condition.
    const service = ["ecs-tasks.amazonaws.com", "batch.amazonaws.com"];
    const reference = {
      ...referenceOf(role.name),
      trust: JSON.stringify({
        ...inside,
        Statement: service.map((one) => JSON.parse(trustOf(one)).Statement[0]),
      }),
    };
    const guarded = guardedAs({ rollback: automatic });
    const assessments = evaluate({ reference, guarded, reading: { status: "present", role } });
    const [step, ...others] = plan(role, automatic, { reference, guarded, assessments }).plan.steps;
    assert.deepEqual(others, []);
    const document: TrustJson = JSON.parse(step?.call === "iam:UpdateAssumeRolePolicy" ? step.document : "");
    const [kept, added] = document.Statement;
    assert.deepEqual(kept, inside.Statement[0]);
    assert.deepEqual(added, {
      ...JSON.parse(trustOf("batch.amazonaws.com")).Statement[0],
      Principal: { Service: ["batch.amazonaws.com"] },
      Action: ["sts:AssumeRole"],
    });
  });

  it("leaves a suppressed finding alone", () => {
    const exceptions = suppressing(detached);
    assert.deepEqual(calls(plan(detached, automatic, { control: { exceptions } })), []);
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

  it("takes the excess out of a policy and keeps its Deny", () => {
    const both = JSON.parse(deny);
    both.Statement.push({ Effect: "Allow", Action: "iam:*", Resource: "*" });
    // The Deny is of another service, so that the Allow still allows something.
    both.Statement[0].Action = "ecs:*";
    const role = asReferenced("AWSBatchServiceRole", {
      inline: [{ name: "rogue", text: JSON.stringify(both) }],
    });
    const [step, ...others] = plan(role, automatic).plan.steps;
    assert.deepEqual(others, []);
    assert.ok(step?.call === "iam:PutRolePolicy");
    assert.deepEqual(JSON.parse(step.document), { ...both, Statement: [both.Statement[0]] });
    assert.equal(step.restores, false);
  });

  it("ignores a suppressed Deny", () => {
    const exceptions = suppressing(contained, ({ part }) =>
      isSamePart(part, partOf("inline:AWSRevokeOlderSessions")),
    );
    assert.deepEqual(calls(plan(contained, automatic, { control: { exceptions } })), [
      "iam:AttachRolePolicy",
    ]);
  });

  it("can be approved by a person", () => {
    const approved = approving(contained, ({ part }) => isSamePart(part, managedPart(batchServicePolicy)));
    assert.deepEqual(calls(plan(contained, automatic, approved)), ["iam:AttachRolePolicy"]);
  });

  it("needs approval to restore, or to change an undecided part, if a part is undecided", () => {
    const blurred = { name: "blurred", text: '{"Statement": 7}' };
    const role = asReferenced("AWSBatchServiceRole", { attached: [], inline: [blurred, rogue] });
    const planned = plan(role, automatic);
    assert.deepEqual(calls(planned), ["iam:DeleteRolePolicy"]);
    assert.match(planned.withheld.map(({ reason }) => reason).join(), /could not be compared/);
  });
});
