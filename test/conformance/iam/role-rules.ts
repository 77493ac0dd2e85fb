import assert from "node:assert/strict";
import { allow, batchServicePolicy, trustOf } from "../../builders.ts";
import {
  assertSameDocument,
  expectDone,
  expectRefused,
  type IamRule,
  makePolicy,
  makeRole,
  readPresent,
  uniqueName,
} from "./fixture.ts";

const assumeRolePolicyDocument = trustOf("batch.amazonaws.com");

/** The rules for roles, their policies and instance profiles. */
export const roleRules = {
  "refuses every call on a role that does not exist": async (iam) => {
    const roleName = uniqueName("Nobody");
    const policyArn = await makePolicy(iam);
    for (const call of [
      { call: "DeleteRole", roleName },
      { call: "UpdateRole", roleName, description: "none" },
      { call: "UpdateRoleDescription", roleName, description: "none" },
      { call: "UpdateAssumeRolePolicy", roleName, policyDocument: assumeRolePolicyDocument },
      { call: "AttachRolePolicy", roleName, policyArn },
      { call: "DetachRolePolicy", roleName, policyArn },
      { call: "PutRolePolicy", roleName, policyName: "p", policyDocument: allow("ec2:Run*") },
      { call: "DeleteRolePolicy", roleName, policyName: "p" },
      { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: policyArn },
      { call: "DeleteRolePermissionsBoundary", roleName },
      { call: "TagRole", roleName, tags: [{ key: "team", value: "batch" }] },
      { call: "UntagRole", roleName, tagKeys: ["team"] },
      { call: "DeleteServiceLinkedRole", roleName },
    ] as const) {
      const message = await expectRefused(iam, call, "NoSuchEntity");
      assert.ok(message.includes(roleName), `${call.call}: ${message}`);
    }
  },

  "refuses a second role of the same name": async (iam) => {
    const roleName = await makeRole(iam);
    await expectRefused(
      iam,
      { call: "CreateRole", roleName, assumeRolePolicyDocument },
      "EntityAlreadyExists",
    );
  },

  "ignores the case of role names": async (iam) => {
    const roleName = await makeRole(iam);
    const shouted = roleName.toUpperCase();
    await expectRefused(
      iam,
      { call: "CreateRole", roleName: shouted, assumeRolePolicyDocument },
      "EntityAlreadyExists",
    );
    await expectDone(iam, { call: "UpdateRoleDescription", roleName: shouted, description: "loud" });
    const { name, description } = await readPresent(iam, shouted);
    assert.deepEqual([name, description], [roleName, { observed: true, value: "loud" }]);
  },

  "refuses a role with the path of service-linked roles": async (iam) => {
    const call = { call: "CreateRole", roleName: uniqueName("Role"), assumeRolePolicyDocument } as const;
    await expectRefused(iam, { ...call, path: "/aws-service-role/batch.amazonaws.com/" }, "InvalidInput");
  },

  "refuses a role name with invalid characters": async (iam) => {
    await expectRefused(
      iam,
      { call: "CreateRole", roleName: "no blanks", assumeRolePolicyDocument },
      "ValidationError",
    );
  },

  "refuses an invalid trust policy and keeps the old one": async (iam) => {
    const roleName = await makeRole(iam);
    for (const policyDocument of [
      "{",
      JSON.stringify({ Version: "2012-10-17", Statement: [] }),
      allow("sts:AssumeRole"),
      assumeRolePolicyDocument.replace('"Allow"', '"Permit"'),
    ]) {
      await expectRefused(
        iam,
        { call: "UpdateAssumeRolePolicy", roleName, policyDocument },
        "MalformedPolicyDocument",
      );
    }
    assertSameDocument((await readPresent(iam, roleName)).trust, assumeRolePolicyDocument);
  },

  "refuses to create a role with an invalid trust policy": async (iam) => {
    const call = { call: "CreateRole", roleName: uniqueName("Role"), assumeRolePolicyDocument: "{" } as const;
    await expectRefused(iam, call, "MalformedPolicyDocument");
  },

  "refuses a trust policy that names a role of the account that does not exist": async (iam) => {
    const roleName = await makeRole(iam);
    const trust = trustInArn(`arn:aws:iam::${iam.account}:role/${uniqueName("Nobody")}`);
    const call = { call: "UpdateAssumeRolePolicy", roleName, policyDocument: trust } as const;
    await expectRefused(iam, call, "MalformedPolicyDocument");
  },

  "shows a deleted trusted role as its unique id, even after a role of its name is created": async (iam) => {
    const trusted = await makeRole(iam);
    const { arn, id } = await readPresent(iam, trusted);
    const roleName = await makeRole(iam);
    await expectDone(iam, { call: "UpdateAssumeRolePolicy", roleName, policyDocument: trustInArn(arn) });
    assertSameDocument((await readPresent(iam, roleName)).trust, trustInArn(arn));
    await expectDone(iam, { call: "DeleteRole", roleName: trusted });
    assertSameDocument((await readPresent(iam, roleName)).trust, trustInArn(id));
    await makeRole(iam, trusted);
    assertSameDocument((await readPresent(iam, roleName)).trust, trustInArn(id));
  },

  "refuses a trust policy of more than 2,048 characters, not counting white space": async (iam) => {
    const roleName = await makeRole(iam);
    const blown = assumeRolePolicyDocument.replaceAll(",", `,${" ".repeat(1_000)}`);
    await expectDone(iam, { call: "UpdateAssumeRolePolicy", roleName, policyDocument: blown });
    const long = assumeRolePolicyDocument.replace(
      "batch.amazonaws.com",
      `${"b".repeat(2_048)}.amazonaws.com`,
    );
    await expectRefused(
      iam,
      { call: "UpdateAssumeRolePolicy", roleName, policyDocument: long },
      "LimitExceeded",
    );
  },

  "attaches a policy once, even if it is called twice": async (iam) => {
    const roleName = await makeRole(iam);
    await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn: batchServicePolicy });
    await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn: batchServicePolicy });
    const { attached } = await readPresent(iam, roleName);
    assert.deepEqual(
      attached.map(({ arn }) => arn),
      [batchServicePolicy],
    );
  },

  "refuses to attach a policy that does not exist, and to detach one that is not attached": async (iam) => {
    const roleName = await makeRole(iam);
    const missing = `arn:aws:iam::${iam.account}:policy/${uniqueName("Nothing")}`;
    await expectRefused(iam, { call: "AttachRolePolicy", roleName, policyArn: missing }, "NoSuchEntity");
    await expectRefused(
      iam,
      { call: "DetachRolePolicy", roleName, policyArn: batchServicePolicy },
      "NoSuchEntity",
    );
  },

  "refuses to attach a service-linked role's policy to another role": async (iam) => {
    const roleName = await makeRole(iam);
    const policyArn = "arn:aws:iam::aws:policy/aws-service-role/BatchServiceRolePolicy";
    await expectRefused(iam, { call: "AttachRolePolicy", roleName, policyArn }, "PolicyNotAttachable");
  },

  "refuses an eleventh attached policy": async (iam) => {
    const roleName = await makeRole(iam);
    for (let count = 1; count <= 10; count += 1) {
      await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn: await makePolicy(iam) });
    }
    const eleventh = await makePolicy(iam);
    await expectRefused(iam, { call: "AttachRolePolicy", roleName, policyArn: eleventh }, "LimitExceeded");
  },

  "refuses an invalid inline policy": async (iam) => {
    const roleName = await makeRole(iam);
    for (const policyDocument of [
      "not json",
      allow("RunInstances"),
      allow("ec2:RunInstances", "everything"),
      allow("ec2:RunInstances").replace('"Effect":"Allow"', '"Effect":"allow"'),
      assumeRolePolicyDocument,
      allow("ec2:RunInstances").replace("2012-10-17", "2026-11-22"),
    ]) {
      const call = { call: "PutRolePolicy", roleName, policyName: "p", policyDocument } as const;
      await expectRefused(iam, call, "MalformedPolicyDocument");
    }
    assert.deepEqual((await readPresent(iam, roleName)).inline, []);
  },

  "accepts at most 10,240 characters of inline policies in sum, not counting white space": async (iam) => {
    const roleName = await makeRole(iam);
    const policyDocument = documentOf(5_000);
    await expectDone(iam, { call: "PutRolePolicy", roleName, policyName: "first", policyDocument });
    await expectDone(iam, { call: "PutRolePolicy", roleName, policyName: "second", policyDocument });
    await expectDone(iam, { call: "PutRolePolicy", roleName, policyName: "second", policyDocument });
    await expectRefused(
      iam,
      { call: "PutRolePolicy", roleName, policyName: "third", policyDocument: documentOf(300) },
      "LimitExceeded",
    );
  },

  "refuses to delete an inline policy that does not exist": async (iam) => {
    const roleName = await makeRole(iam);
    await expectRefused(iam, { call: "DeleteRolePolicy", roleName, policyName: "none" }, "NoSuchEntity");
  },

  "refuses a boundary that does not exist": async (iam) => {
    const roleName = await makeRole(iam);
    const permissionsBoundary = `arn:aws:iam::${iam.account}:policy/${uniqueName("Nothing")}`;
    await expectRefused(
      iam,
      { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary },
      "NoSuchEntity",
    );
  },

  "sets and removes a boundary": async (iam) => {
    const roleName = await makeRole(iam);
    const permissionsBoundary = await makePolicy(iam);
    await expectDone(iam, { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary });
    const { boundary } = await readPresent(iam, roleName);
    assert.equal(boundary.observed && boundary.value?.arn, permissionsBoundary);
    await expectDone(iam, { call: "DeleteRolePermissionsBoundary", roleName });
    assert.deepEqual((await readPresent(iam, roleName)).boundary, { observed: true, value: null });
  },

  "changes and removes tags": async (iam) => {
    const roleName = await makeRole(iam);
    await expectDone(iam, { call: "TagRole", roleName, tags: [{ key: "team", value: "batch" }] });
    await expectDone(iam, { call: "TagRole", roleName, tags: [{ key: "stage", value: "prod" }] });
    await expectDone(iam, { call: "TagRole", roleName, tags: [{ key: "stage", value: "test" }] });
    await expectDone(iam, { call: "UntagRole", roleName, tagKeys: ["team", "absent"] });
    assert.deepEqual((await readPresent(iam, roleName)).tags, { observed: true, value: { stage: "test" } });
  },

  "ignores the case of tag keys": async (iam) => {
    const roleName = await makeRole(iam);
    await expectDone(iam, { call: "TagRole", roleName, tags: [{ key: "Team", value: "batch" }] });
    await expectDone(iam, { call: "UntagRole", roleName, tagKeys: ["team"] });
    assert.deepEqual((await readPresent(iam, roleName)).tags, { observed: true, value: {} });
  },

  "refuses the same tag key twice in one call": async (iam) => {
    const roleName = await makeRole(iam);
    const tags = [
      { key: "team", value: "a" },
      { key: "TEAM", value: "b" },
    ];
    await expectRefused(iam, { call: "TagRole", roleName, tags }, "InvalidInput");
  },

  "changes the description and the maximum session duration": async (iam) => {
    const roleName = await makeRole(iam);
    await expectDone(iam, { call: "UpdateRole", roleName, description: "first", maxSessionDuration: 7200 });
    await expectDone(iam, { call: "UpdateRoleDescription", roleName, description: "second" });
    const { description, maxSession } = await readPresent(iam, roleName);
    assert.deepEqual(
      [description, maxSession].map((part) => part.observed && part.value),
      ["second", 7200],
    );
  },

  "refuses a maximum session duration of more than twelve hours": async (iam) => {
    const roleName = await makeRole(iam);
    await expectRefused(iam, { call: "UpdateRole", roleName, maxSessionDuration: 43_201 }, "ValidationError");
  },

  "deletes a role only without policies and outside every instance profile": async (iam) => {
    const roleName = await makeRole(iam);
    const instanceProfileName = uniqueName("Profile");
    await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn: batchServicePolicy });
    await expectDone(iam, {
      call: "PutRolePolicy",
      roleName,
      policyName: "p",
      policyDocument: allow("ec2:Run*"),
    });
    await expectDone(iam, { call: "CreateInstanceProfile", instanceProfileName });
    await expectDone(iam, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });
    await expectRefused(iam, { call: "DeleteRole", roleName }, "DeleteConflict");
    await expectDone(iam, { call: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName });
    await expectRefused(iam, { call: "DeleteRole", roleName }, "DeleteConflict");
    await expectDone(iam, { call: "DetachRolePolicy", roleName, policyArn: batchServicePolicy });
    await expectRefused(iam, { call: "DeleteRole", roleName }, "DeleteConflict");
    await expectDone(iam, { call: "DeleteRolePolicy", roleName, policyName: "p" });
    await expectDone(iam, { call: "DeleteRole", roleName });
    assert.equal((await iam.reader.read(roleName)).status, "absent");
  },

  "gives a role that is created again another unique id": async (iam) => {
    const roleName = await makeRole(iam);
    const { id } = await readPresent(iam, roleName);
    await expectDone(iam, { call: "DeleteRole", roleName });
    await makeRole(iam, roleName);
    assert.notEqual((await readPresent(iam, roleName)).id, id);
  },

  "accepts one role in an instance profile, and one profile of a name": async (iam) => {
    const instanceProfileName = uniqueName("Profile");
    const roleName = await makeRole(iam);
    await expectDone(iam, { call: "CreateInstanceProfile", instanceProfileName });
    await expectRefused(iam, { call: "CreateInstanceProfile", instanceProfileName }, "EntityAlreadyExists");
    await expectDone(iam, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });
    const second = {
      call: "AddRoleToInstanceProfile",
      instanceProfileName,
      roleName: await makeRole(iam),
    } as const;
    await expectRefused(iam, second, "LimitExceeded");
    await expectRefused(iam, { call: "DeleteInstanceProfile", instanceProfileName }, "DeleteConflict");
    await expectDone(iam, { call: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName });
    await expectDone(iam, { call: "DeleteInstanceProfile", instanceProfileName });
    await expectRefused(iam, { call: "DeleteInstanceProfile", instanceProfileName }, "NoSuchEntity");
  },
} satisfies Record<string, IamRule>;

function trustInArn(principal: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action: "sts:AssumeRole" }],
  });
}

/** Returns a policy of `size` characters, followed by as many blanks. */
function documentOf(size: number): string {
  const bare = allow("s3:GetObject", "arn:aws:s3:::");
  return allow("s3:GetObject", `arn:aws:s3:::${"b".repeat(size - bare.length)}`) + " ".repeat(size);
}
