import assert from "node:assert/strict";
import { allow, batchServicePolicy, trustOf } from "../../builders.ts";
import {
  fresh,
  type IamRule,
  makePolicy,
  makeRole,
  must,
  readPresent,
  refused,
  sameDocument,
} from "./door.ts";

const assumeRolePolicyDocument = trustOf("batch.amazonaws.com");

/** What holds for roles, their policies and profiles. */
export const roleRules = {
  "refuses every call on a role that is not there": async (door) => {
    const roleName = fresh("Nobody");
    const policyArn = await makePolicy(door);
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
      const message = await refused(door, call, "NoSuchEntity");
      assert.ok(message.includes(roleName), `${call.call}: ${message}`);
    }
  },

  "refuses a second role of the same name": async (door) => {
    const roleName = await makeRole(door);
    await refused(door, { call: "CreateRole", roleName, assumeRolePolicyDocument }, "EntityAlreadyExists");
  },

  "takes names in another case for the same role": async (door) => {
    const roleName = await makeRole(door);
    const shouted = roleName.toUpperCase();
    await refused(
      door,
      { call: "CreateRole", roleName: shouted, assumeRolePolicyDocument },
      "EntityAlreadyExists",
    );
    await must(door, { call: "UpdateRoleDescription", roleName: shouted, description: "loud" });
    const { name, description } = await readPresent(door, shouted);
    assert.deepEqual([name, description], [roleName, { observed: true, value: "loud" }]);
  },

  "refuses a role at the path of service-linked roles": async (door) => {
    const call = { call: "CreateRole", roleName: fresh("Role"), assumeRolePolicyDocument } as const;
    await refused(door, { ...call, path: "/aws-service-role/batch.amazonaws.com/" }, "InvalidInput");
  },

  "refuses a role name of other characters": async (door) => {
    await refused(
      door,
      { call: "CreateRole", roleName: "no blanks", assumeRolePolicyDocument },
      "ValidationError",
    );
  },

  "refuses a trust that is not one, and leaves the trust as it was": async (door) => {
    const roleName = await makeRole(door);
    for (const policyDocument of [
      "{",
      JSON.stringify({ Version: "2012-10-17", Statement: [] }),
      allow("sts:AssumeRole"),
      assumeRolePolicyDocument.replace('"Allow"', '"Permit"'),
    ]) {
      await refused(
        door,
        { call: "UpdateAssumeRolePolicy", roleName, policyDocument },
        "MalformedPolicyDocument",
      );
    }
    sameDocument((await readPresent(door, roleName)).trust, assumeRolePolicyDocument);
  },

  "refuses to create a role with a trust that is not one": async (door) => {
    const call = { call: "CreateRole", roleName: fresh("Role"), assumeRolePolicyDocument: "{" } as const;
    await refused(door, call, "MalformedPolicyDocument");
  },

  "refuses a trust in a role of the account that is not there": async (door) => {
    const roleName = await makeRole(door);
    const trust = trustInArn(`arn:aws:iam::${door.account}:role/${fresh("Nobody")}`);
    const call = { call: "UpdateAssumeRolePolicy", roleName, policyDocument: trust } as const;
    await refused(door, call, "MalformedPolicyDocument");
  },

  "shows a trusted role that was deleted as its unique id, also when it is made anew": async (door) => {
    const trusted = await makeRole(door);
    const { arn, id } = await readPresent(door, trusted);
    const roleName = await makeRole(door);
    await must(door, { call: "UpdateAssumeRolePolicy", roleName, policyDocument: trustInArn(arn) });
    sameDocument((await readPresent(door, roleName)).trust, trustInArn(arn));
    await must(door, { call: "DeleteRole", roleName: trusted });
    sameDocument((await readPresent(door, roleName)).trust, trustInArn(id));
    await makeRole(door, trusted);
    sameDocument((await readPresent(door, roleName)).trust, trustInArn(id));
  },

  "refuses a trust of more than 2,048 characters, white space not counted": async (door) => {
    const roleName = await makeRole(door);
    const blown = assumeRolePolicyDocument.replaceAll(",", `,${" ".repeat(1_000)}`);
    await must(door, { call: "UpdateAssumeRolePolicy", roleName, policyDocument: blown });
    const long = assumeRolePolicyDocument.replace(
      "batch.amazonaws.com",
      `${"b".repeat(2_048)}.amazonaws.com`,
    );
    await refused(door, { call: "UpdateAssumeRolePolicy", roleName, policyDocument: long }, "LimitExceeded");
  },

  "attaches a policy once, however often it is asked to": async (door) => {
    const roleName = await makeRole(door);
    await must(door, { call: "AttachRolePolicy", roleName, policyArn: batchServicePolicy });
    await must(door, { call: "AttachRolePolicy", roleName, policyArn: batchServicePolicy });
    const { attached } = await readPresent(door, roleName);
    assert.deepEqual(
      attached.map(({ arn }) => arn),
      [batchServicePolicy],
    );
  },

  "refuses to attach a policy that is not there, and to detach one that is not attached": async (door) => {
    const roleName = await makeRole(door);
    const missing = `arn:aws:iam::${door.account}:policy/${fresh("Nothing")}`;
    await refused(door, { call: "AttachRolePolicy", roleName, policyArn: missing }, "NoSuchEntity");
    await refused(
      door,
      { call: "DetachRolePolicy", roleName, policyArn: batchServicePolicy },
      "NoSuchEntity",
    );
  },

  "refuses to attach a service-linked role's policy to another role": async (door) => {
    const roleName = await makeRole(door);
    const policyArn = "arn:aws:iam::aws:policy/aws-service-role/BatchServiceRolePolicy";
    await refused(door, { call: "AttachRolePolicy", roleName, policyArn }, "PolicyNotAttachable");
  },

  "refuses an eleventh attached policy": async (door) => {
    const roleName = await makeRole(door);
    for (let count = 1; count <= 10; count += 1) {
      await must(door, { call: "AttachRolePolicy", roleName, policyArn: await makePolicy(door) });
    }
    const eleventh = await makePolicy(door);
    await refused(door, { call: "AttachRolePolicy", roleName, policyArn: eleventh }, "LimitExceeded");
  },

  "refuses an inline policy that is not one": async (door) => {
    const roleName = await makeRole(door);
    for (const policyDocument of [
      "not json",
      allow("RunInstances"),
      allow("ec2:RunInstances", "everything"),
      allow("ec2:RunInstances").replace('"Effect":"Allow"', '"Effect":"allow"'),
      assumeRolePolicyDocument,
      allow("ec2:RunInstances").replace("2012-10-17", "2026-11-22"),
    ]) {
      const call = { call: "PutRolePolicy", roleName, policyName: "p", policyDocument } as const;
      await refused(door, call, "MalformedPolicyDocument");
    }
    assert.deepEqual((await readPresent(door, roleName)).inline, []);
  },

  "takes at most 10,240 characters of inline policies together, white space not counted": async (door) => {
    const roleName = await makeRole(door);
    const policyDocument = documentOf(5_000);
    await must(door, { call: "PutRolePolicy", roleName, policyName: "first", policyDocument });
    await must(door, { call: "PutRolePolicy", roleName, policyName: "second", policyDocument });
    await must(door, { call: "PutRolePolicy", roleName, policyName: "second", policyDocument });
    await refused(
      door,
      { call: "PutRolePolicy", roleName, policyName: "third", policyDocument: documentOf(300) },
      "LimitExceeded",
    );
  },

  "refuses to delete an inline policy that is not there": async (door) => {
    const roleName = await makeRole(door);
    await refused(door, { call: "DeleteRolePolicy", roleName, policyName: "none" }, "NoSuchEntity");
  },

  "refuses a boundary that is not there": async (door) => {
    const roleName = await makeRole(door);
    const permissionsBoundary = `arn:aws:iam::${door.account}:policy/${fresh("Nothing")}`;
    await refused(
      door,
      { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary },
      "NoSuchEntity",
    );
  },

  "sets and removes a boundary": async (door) => {
    const roleName = await makeRole(door);
    const permissionsBoundary = await makePolicy(door);
    await must(door, { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary });
    const { boundary } = await readPresent(door, roleName);
    assert.equal(boundary.observed && boundary.value?.arn, permissionsBoundary);
    await must(door, { call: "DeleteRolePermissionsBoundary", roleName });
    assert.deepEqual((await readPresent(door, roleName)).boundary, { observed: true, value: null });
  },

  "changes and removes tags": async (door) => {
    const roleName = await makeRole(door);
    await must(door, { call: "TagRole", roleName, tags: [{ key: "team", value: "batch" }] });
    await must(door, { call: "TagRole", roleName, tags: [{ key: "stage", value: "prod" }] });
    await must(door, { call: "TagRole", roleName, tags: [{ key: "stage", value: "test" }] });
    await must(door, { call: "UntagRole", roleName, tagKeys: ["team", "absent"] });
    assert.deepEqual((await readPresent(door, roleName)).tags, { observed: true, value: { stage: "test" } });
  },

  "takes tag keys in another case for the same tag": async (door) => {
    const roleName = await makeRole(door);
    await must(door, { call: "TagRole", roleName, tags: [{ key: "Team", value: "batch" }] });
    await must(door, { call: "UntagRole", roleName, tagKeys: ["team"] });
    assert.deepEqual((await readPresent(door, roleName)).tags, { observed: true, value: {} });
  },

  "refuses the same tag key twice in one call": async (door) => {
    const roleName = await makeRole(door);
    const tags = [
      { key: "team", value: "a" },
      { key: "TEAM", value: "b" },
    ];
    await refused(door, { call: "TagRole", roleName, tags }, "InvalidInput");
  },

  "changes the description and the longest session": async (door) => {
    const roleName = await makeRole(door);
    await must(door, { call: "UpdateRole", roleName, description: "first", maxSessionDuration: 7200 });
    await must(door, { call: "UpdateRoleDescription", roleName, description: "second" });
    const { description, maxSession } = await readPresent(door, roleName);
    assert.deepEqual(
      [description, maxSession].map((part) => part.observed && part.value),
      ["second", 7200],
    );
  },

  "refuses a longest session beyond twelve hours": async (door) => {
    const roleName = await makeRole(door);
    await refused(door, { call: "UpdateRole", roleName, maxSessionDuration: 43_201 }, "ValidationError");
  },

  "deletes a role only after its policies are gone and it is in no profile": async (door) => {
    const roleName = await makeRole(door);
    const instanceProfileName = fresh("Profile");
    await must(door, { call: "AttachRolePolicy", roleName, policyArn: batchServicePolicy });
    await must(door, { call: "PutRolePolicy", roleName, policyName: "p", policyDocument: allow("ec2:Run*") });
    await must(door, { call: "CreateInstanceProfile", instanceProfileName });
    await must(door, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });
    await refused(door, { call: "DeleteRole", roleName }, "DeleteConflict");
    await must(door, { call: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName });
    await refused(door, { call: "DeleteRole", roleName }, "DeleteConflict");
    await must(door, { call: "DetachRolePolicy", roleName, policyArn: batchServicePolicy });
    await refused(door, { call: "DeleteRole", roleName }, "DeleteConflict");
    await must(door, { call: "DeleteRolePolicy", roleName, policyName: "p" });
    await must(door, { call: "DeleteRole", roleName });
    assert.equal((await door.reader.read(roleName)).status, "absent");
  },

  "gives a role that is made anew another unique id": async (door) => {
    const roleName = await makeRole(door);
    const { id } = await readPresent(door, roleName);
    await must(door, { call: "DeleteRole", roleName });
    await makeRole(door, roleName);
    assert.notEqual((await readPresent(door, roleName)).id, id);
  },

  "holds one role in a profile, and one profile of a name": async (door) => {
    const instanceProfileName = fresh("Profile");
    const roleName = await makeRole(door);
    await must(door, { call: "CreateInstanceProfile", instanceProfileName });
    await refused(door, { call: "CreateInstanceProfile", instanceProfileName }, "EntityAlreadyExists");
    await must(door, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });
    const second = {
      call: "AddRoleToInstanceProfile",
      instanceProfileName,
      roleName: await makeRole(door),
    } as const;
    await refused(door, second, "LimitExceeded");
    await refused(door, { call: "DeleteInstanceProfile", instanceProfileName }, "DeleteConflict");
    await must(door, { call: "RemoveRoleFromInstanceProfile", instanceProfileName, roleName });
    await must(door, { call: "DeleteInstanceProfile", instanceProfileName });
    await refused(door, { call: "DeleteInstanceProfile", instanceProfileName }, "NoSuchEntity");
  },
} satisfies Record<string, IamRule>;

function trustInArn(principal: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action: "sts:AssumeRole" }],
  });
}

/** A document of so many characters, and as much white space again. */
function documentOf(size: number): string {
  const bare = allow("s3:GetObject", "arn:aws:s3:::");
  return allow("s3:GetObject", `arn:aws:s3:::${"b".repeat(size - bare.length)}`) + " ".repeat(size);
}
