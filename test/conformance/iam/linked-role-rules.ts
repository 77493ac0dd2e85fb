import assert from "node:assert/strict";
import { trustOf } from "../../builders.ts";
import { type IamDoor, type IamRule, must, readPresent, refused, sameDocument } from "./door.ts";

const name = "AWSServiceRoleForBatch";

/** What holds for service-linked roles. The account has one of each, so a rule makes it where another has not. */
export const linkedRoleRules = {
  "makes Batch's service-linked role as AWS does": async (door) => {
    await ensureLinkedRole(door);
    const { path, arn, trust, attached } = await readPresent(door, name);
    assert.equal(path, "/aws-service-role/batch.amazonaws.com/");
    assert.equal(arn, `arn:aws:iam::${door.account}:role${path}${name}`);
    sameDocument(trust, trustOf("batch.amazonaws.com"));
    assert.deepEqual(
      attached.map((policy) => policy.arn),
      ["arn:aws:iam::aws:policy/aws-service-role/BatchServiceRolePolicy"],
    );
  },

  "refuses to make a service-linked role that is there": async (door) => {
    await ensureLinkedRole(door);
    const call = { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" } as const;
    await refused(door, call, "InvalidInput");
  },

  "refuses a custom suffix for Batch's service-linked role": async (door) => {
    const call = { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" } as const;
    await refused(door, { ...call, customSuffix: "mine" }, "InvalidInput");
  },

  "lets nobody write a service-linked role": async (door) => {
    await ensureLinkedRole(door);
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
      const message = await refused(door, call, "UnmodifiableEntity");
      assert.equal(
        message,
        `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
      );
    }
    sameDocument((await readPresent(door, name)).trust, trustOf("batch.amazonaws.com"));
  },

  "lets anybody change a service-linked role's description and tags": async (door) => {
    await ensureLinkedRole(door);
    await must(door, { call: "UpdateRole", roleName: name, description: "watched" });
    await must(door, { call: "TagRole", roleName: name, tags: [{ key: "team", value: "batch" }] });
    const { description, tags } = await readPresent(door, name);
    assert.deepEqual(
      [description, tags].map((part) => part.observed && part.value),
      ["watched", { team: "batch" }],
    );
    await must(door, { call: "UntagRole", roleName: name, tagKeys: ["team"] });
  },
} satisfies Record<string, IamRule>;

async function ensureLinkedRole(door: IamDoor): Promise<void> {
  const reading = await door.reader.read(name);
  if (reading.status === "present") return;
  await must(door, { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" });
}
