import assert from "node:assert/strict";
import { trustOf } from "../../builders.ts";
import {
  assertSameDocument,
  expectDone,
  expectRefused,
  type IamFixture,
  type IamRule,
  readPresent,
} from "./fixture.ts";

const name = "AWSServiceRoleForBatch";

/** The rules for service-linked roles. An account has one of each, so a rule creates it unless another has. */
export const linkedRoleRules = {
  "creates Batch's service-linked role as AWS does": async (iam) => {
    await ensureLinkedRole(iam);
    const { path, arn, trust, attached } = await readPresent(iam, name);
    assert.equal(path, "/aws-service-role/batch.amazonaws.com/");
    assert.equal(arn, `arn:aws:iam::${iam.account}:role${path}${name}`);
    assertSameDocument(trust, trustOf("batch.amazonaws.com"));
    assert.deepEqual(
      attached.map((policy) => policy.arn),
      ["arn:aws:iam::aws:policy/aws-service-role/BatchServiceRolePolicy"],
    );
  },

  "refuses to create a service-linked role that exists": async (iam) => {
    await ensureLinkedRole(iam);
    const call = { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" } as const;
    await expectRefused(iam, call, "InvalidInput");
  },

  "refuses a custom suffix for Batch's service-linked role": async (iam) => {
    const call = { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" } as const;
    await expectRefused(iam, { ...call, customSuffix: "mine" }, "InvalidInput");
  },

  "refuses every write to a service-linked role": async (iam) => {
    await ensureLinkedRole(iam);
    const policyArn = "arn:aws:iam::aws:policy/aws-service-role/BatchServiceRolePolicy";
    for (const call of [
      { call: "DetachRolePolicy", roleName: name, policyArn },
      { call: "AttachRolePolicy", roleName: name, policyArn },
      { call: "UpdateAssumeRolePolicy", roleName: name, policyDocument: trustOf("ec2.amazonaws.com") },
      { call: "PutRolePolicy", roleName: name, policyName: "p", policyDocument: "{}" },
      { call: "DeleteRolePolicy", roleName: name, policyName: "p" },
      { call: "PutRolePermissionsBoundary", roleName: name, permissionsBoundary: policyArn },
      { call: "DeleteRolePermissionsBoundary", roleName: name },
      { call: "UpdateRole", roleName: name, maxSessionDuration: 7200 },
      { call: "DeleteRole", roleName: name },
    ] as const) {
      const message = await expectRefused(iam, call, "UnmodifiableEntity");
      assert.equal(
        message,
        `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
      );
    }
    assertSameDocument((await readPresent(iam, name)).trust, trustOf("batch.amazonaws.com"));
  },

  "allows changes to a service-linked role's description and tags": async (iam) => {
    await ensureLinkedRole(iam);
    await expectDone(iam, { call: "UpdateRole", roleName: name, description: "watched" });
    await expectDone(iam, { call: "TagRole", roleName: name, tags: [{ key: "team", value: "batch" }] });
    const { description, tags } = await readPresent(iam, name);
    assert.deepEqual(
      [description, tags].map((part) => part.observed && part.value),
      ["watched", { team: "batch" }],
    );
    await expectDone(iam, { call: "UntagRole", roleName: name, tagKeys: ["team"] });
  },
} satisfies Record<string, IamRule>;

async function ensureLinkedRole(iam: IamFixture): Promise<void> {
  const reading = await iam.reader.read(name);
  if (reading.status === "present") return;
  await expectDone(iam, { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" });
}
