import assert from "node:assert/strict";
import { allow, batchServicePolicy } from "../../builders.ts";
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

/** What holds for managed policies. */
export const policyRules = {
  "shows the default version of an attached policy, whichever that is": async (door) => {
    const roleName = await makeRole(door);
    const policyArn = await makePolicy(door, "ec2:RunInstances");
    await must(door, { call: "AttachRolePolicy", roleName, policyArn });
    const shown = async () => {
      const [policy] = (await readPresent(door, roleName)).attached;
      return policy?.version.observed ? policy.version.value : undefined;
    };
    const policyDocument = allow("ec2:*");
    await must(door, { call: "CreatePolicyVersion", policyArn, policyDocument });
    assert.equal((await shown())?.id, "v1");
    await must(door, { call: "SetDefaultPolicyVersion", policyArn, versionId: "v2" });
    assert.equal((await shown())?.id, "v2");
    sameDocument((await shown())?.text, policyDocument);
    await must(door, {
      call: "CreatePolicyVersion",
      policyArn,
      policyDocument: allow("*"),
      setAsDefault: true,
    });
    sameDocument((await shown())?.text, allow("*"));
  },

  "refuses a sixth version, and never uses a version's number again": async (door) => {
    const roleName = await makeRole(door);
    const policyArn = await makePolicy(door);
    await must(door, { call: "AttachRolePolicy", roleName, policyArn });
    const next = {
      call: "CreatePolicyVersion",
      policyArn,
      policyDocument: allow("s3:*"),
      setAsDefault: true,
    } as const;
    for (let version = 2; version <= 5; version += 1) await must(door, next);
    await refused(door, next, "LimitExceeded");
    await must(door, { call: "DeletePolicyVersion", policyArn, versionId: "v4" });
    await must(door, next);
    const [policy] = (await readPresent(door, roleName)).attached;
    assert.equal(policy?.version.observed && policy.version.value.id, "v6");
  },

  "refuses to delete the default version, and one that is not there": async (door) => {
    const policyArn = await makePolicy(door);
    await refused(door, { call: "DeletePolicyVersion", policyArn, versionId: "v1" }, "DeleteConflict");
    await refused(door, { call: "DeletePolicyVersion", policyArn, versionId: "v9" }, "NoSuchEntity");
    await refused(door, { call: "SetDefaultPolicyVersion", policyArn, versionId: "v9" }, "NoSuchEntity");
  },

  "refuses a second policy of the same name": async (door) => {
    const policyName = fresh("Policy");
    const policyDocument = allow("s3:*");
    await must(door, { call: "CreatePolicy", policyName, policyDocument });
    await refused(door, { call: "CreatePolicy", policyName, policyDocument }, "EntityAlreadyExists");
  },

  "refuses a policy of the same name at another path": async (door) => {
    const policyName = fresh("Policy");
    const policyDocument = allow("s3:*");
    await must(door, { call: "CreatePolicy", policyName, policyDocument });
    await refused(
      door,
      { call: "CreatePolicy", policyName, policyDocument, path: "/x/" },
      "EntityAlreadyExists",
    );
  },

  "refuses a document that is not one, in a policy and in its next version": async (door) => {
    const policyArn = await makePolicy(door);
    const policyDocument = "{";
    const policyName = fresh("Policy");
    await refused(door, { call: "CreatePolicy", policyName, policyDocument }, "MalformedPolicyDocument");
    await refused(
      door,
      { call: "CreatePolicyVersion", policyArn, policyDocument },
      "MalformedPolicyDocument",
    );
  },

  "refuses a managed policy of more than 6,144 characters": async (door) => {
    const policyDocument = allow("s3:GetObject", `arn:aws:s3:::${"b".repeat(6_144)}`);
    await refused(
      door,
      { call: "CreatePolicy", policyName: fresh("Policy"), policyDocument },
      "LimitExceeded",
    );
  },

  "refuses calls on a policy that is not there": async (door) => {
    const policyArn = `arn:aws:iam::${door.account}:policy/${fresh("Nothing")}`;
    const policyDocument = allow("s3:*");
    await refused(door, { call: "CreatePolicyVersion", policyArn, policyDocument }, "NoSuchEntity");
    await refused(door, { call: "DeletePolicyVersion", policyArn, versionId: "v1" }, "NoSuchEntity");
    await refused(door, { call: "DeletePolicy", policyArn }, "NoSuchEntity");
  },

  "deletes a policy only where it is attached nowhere": async (door) => {
    const roleName = await makeRole(door);
    const policyArn = await makePolicy(door);
    await must(door, { call: "AttachRolePolicy", roleName, policyArn });
    await refused(door, { call: "DeletePolicy", policyArn }, "DeleteConflict");
    await must(door, { call: "DetachRolePolicy", roleName, policyArn });
    await must(door, { call: "DeletePolicy", policyArn });
    await refused(door, { call: "AttachRolePolicy", roleName, policyArn }, "NoSuchEntity");
  },

  "refuses to delete a policy that bounds a role": async (door) => {
    const roleName = await makeRole(door);
    const policyArn = await makePolicy(door);
    await must(door, { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: policyArn });
    await refused(door, { call: "DeletePolicy", policyArn }, "DeleteConflict");
  },

  "refuses to delete a policy of several versions": async (door) => {
    const policyArn = await makePolicy(door);
    await must(door, { call: "CreatePolicyVersion", policyArn, policyDocument: allow("s3:*") });
    await refused(door, { call: "DeletePolicy", policyArn }, "DeleteConflict");
  },

  "refuses every call on a policy of AWS's own": async (door) => {
    const policyArn = batchServicePolicy;
    for (const call of [
      { call: "CreatePolicyVersion", policyArn, policyDocument: allow("*") },
      { call: "SetDefaultPolicyVersion", policyArn, versionId: "v1" },
      { call: "DeletePolicyVersion", policyArn, versionId: "v1" },
      { call: "DeletePolicy", policyArn },
    ] as const) {
      await refused(door, call, "AccessDenied");
    }
  },
} satisfies Record<string, IamRule>;
