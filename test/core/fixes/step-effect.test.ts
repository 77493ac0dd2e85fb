import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeEffects } from "@drift-guard/core/fixes/step-effect";
import type { FixStep } from "@drift-guard/core/model/fix";
import { managedPart, partOf } from "@drift-guard/core/model/part";
import { seen } from "@drift-guard/core/model/role";
import { account, allow, aRole, batchServicePolicy, trustOf } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";

const reference = referenceOf("AWSBatchServiceRole");
const role = aRole({
  trust: trustOf("batch.amazonaws.com"),
  attached: [],
  inline: [{ name: "own", text: allow(["ec2:RunInstances", "s3:GetObject"]) }],
  boundary: seen(null),
});
const base = { role: role.name };
const arn = `arn:aws:iam::${account}:policy/Bound`;
const bound = { arn, version: seen({ id: "v1", text: allow("ec2:*") }) };
const effectsOf = (steps: readonly FixStep[], live = role) =>
  describeEffects({ status: "present", role: live }, steps, {
    reference,
    partition: "aws",
    policies: new Map([[arn, bound]]),
  });
const actionsOf = (grants: readonly { readonly actions: readonly string[] }[] = []) =>
  grants.flatMap(({ actions }) => actions);

describe("the effect of a step", () => {
  it("of a boundary is what the role's policies allow beyond it", () => {
    const put = {
      ...base,
      part: partOf("boundary"),
      call: "iam:PutRolePermissionsBoundary",
      policyArn: arn,
    } as const;
    const remove = { ...base, part: partOf("boundary"), call: "iam:DeleteRolePermissionsBoundary" } as const;
    const [first, second] = effectsOf([put, remove]);
    assert.deepEqual([actionsOf(first?.gains), actionsOf(first?.losses)], [[], ["s3:GetObject"]]);
    assert.equal(first?.expects, `${role.name} has no boundary.`);
    assert.deepEqual([actionsOf(second?.gains), actionsOf(second?.losses)], [["s3:GetObject"], []]);
    assert.equal(second?.expects, `The boundary of ${role.name} is ${arn}.`);
  });

  it("counts on the role that the steps before leave: what another policy allows already is no gain", () => {
    const attach = {
      ...base,
      part: managedPart(batchServicePolicy),
      call: "iam:AttachRolePolicy",
      policyArn: batchServicePolicy,
    } as const;
    const remove = {
      ...base,
      part: partOf("inline:own"),
      call: "iam:DeleteRolePolicy",
      policyName: "own",
    } as const;
    const [attached, removed] = effectsOf([attach, remove]);
    assert.equal(actionsOf(attached?.gains).includes("ec2:RunInstances"), false);
    assert.deepEqual(actionsOf(removed?.losses), ["s3:GetObject"]);
  });

  it("of a trust policy is who may assume the role", () => {
    const document = trustOf("ec2.amazonaws.com");
    const [effect] = effectsOf([
      { ...base, part: partOf("trust"), call: "iam:UpdateAssumeRolePolicy", document },
    ]);
    const services = (effect?.gains ?? []).flatMap(({ principals = [] }) => principals.map(({ id }) => id));
    assert.deepEqual(services, ["ec2.amazonaws.com"]);
    assert.equal(effect?.losses.length, 1);
  });
});
