import assert from "node:assert/strict";
import { allow, batchServicePolicy } from "../../builders.ts";
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

/** The rules for managed policies. */
export const policyRules = {
  "shows the default version of an attached policy": async (iam) => {
    const roleName = await makeRole(iam);
    const policyArn = await makePolicy(iam, "ec2:RunInstances");
    await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn });
    const shown = async () => {
      const [policy] = (await readPresent(iam, roleName)).attached;
      return policy?.version.observed ? policy.version.value : undefined;
    };
    const policyDocument = allow("ec2:*");
    await expectDone(iam, { call: "CreatePolicyVersion", policyArn, policyDocument });
    assert.equal((await shown())?.id, "v1");
    await expectDone(iam, { call: "SetDefaultPolicyVersion", policyArn, versionId: "v2" });
    assert.equal((await shown())?.id, "v2");
    assertSameDocument((await shown())?.text, policyDocument);
    await expectDone(iam, {
      call: "CreatePolicyVersion",
      policyArn,
      policyDocument: allow("*"),
      setAsDefault: true,
    });
    assertSameDocument((await shown())?.text, allow("*"));
  },

  "refuses a sixth version, and never reuses a version's number": async (iam) => {
    const roleName = await makeRole(iam);
    const policyArn = await makePolicy(iam);
    await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn });
    const next = {
      call: "CreatePolicyVersion",
      policyArn,
      policyDocument: allow("s3:*"),
      setAsDefault: true,
    } as const;
    for (let version = 2; version <= 5; version += 1) await expectDone(iam, next);
    await expectRefused(iam, next, "LimitExceeded");
    await expectDone(iam, { call: "DeletePolicyVersion", policyArn, versionId: "v4" });
    await expectDone(iam, next);
    const [policy] = (await readPresent(iam, roleName)).attached;
    assert.equal(policy?.version.observed && policy.version.value.id, "v6");
  },

  "refuses to delete the default version, and a version that does not exist": async (iam) => {
    const policyArn = await makePolicy(iam);
    await expectRefused(iam, { call: "DeletePolicyVersion", policyArn, versionId: "v1" }, "DeleteConflict");
    await expectRefused(iam, { call: "DeletePolicyVersion", policyArn, versionId: "v9" }, "NoSuchEntity");
    await expectRefused(iam, { call: "SetDefaultPolicyVersion", policyArn, versionId: "v9" }, "NoSuchEntity");
  },

  "refuses a second policy of the same name": async (iam) => {
    const policyName = uniqueName("Policy");
    const policyDocument = allow("s3:*");
    await expectDone(iam, { call: "CreatePolicy", policyName, policyDocument });
    await expectRefused(iam, { call: "CreatePolicy", policyName, policyDocument }, "EntityAlreadyExists");
  },

  "refuses a policy of the same name at another path": async (iam) => {
    const policyName = uniqueName("Policy");
    const policyDocument = allow("s3:*");
    await expectDone(iam, { call: "CreatePolicy", policyName, policyDocument });
    await expectRefused(
      iam,
      { call: "CreatePolicy", policyName, policyDocument, path: "/x/" },
      "EntityAlreadyExists",
    );
  },

  "refuses an invalid document in a policy and in its next version": async (iam) => {
    const policyArn = await makePolicy(iam);
    const policyDocument = "{";
    const policyName = uniqueName("Policy");
    await expectRefused(iam, { call: "CreatePolicy", policyName, policyDocument }, "MalformedPolicyDocument");
    await expectRefused(
      iam,
      { call: "CreatePolicyVersion", policyArn, policyDocument },
      "MalformedPolicyDocument",
    );
  },

  "refuses a managed policy of more than 6,144 characters": async (iam) => {
    const policyDocument = allow("s3:GetObject", `arn:aws:s3:::${"b".repeat(6_144)}`);
    await expectRefused(
      iam,
      { call: "CreatePolicy", policyName: uniqueName("Policy"), policyDocument },
      "LimitExceeded",
    );
  },

  "refuses calls on a policy that does not exist": async (iam) => {
    const policyArn = `arn:aws:iam::${iam.account}:policy/${uniqueName("Nothing")}`;
    const policyDocument = allow("s3:*");
    await expectRefused(iam, { call: "CreatePolicyVersion", policyArn, policyDocument }, "NoSuchEntity");
    await expectRefused(iam, { call: "DeletePolicyVersion", policyArn, versionId: "v1" }, "NoSuchEntity");
    await expectRefused(iam, { call: "DeletePolicy", policyArn }, "NoSuchEntity");
  },

  "deletes a policy only if it is attached to no role": async (iam) => {
    const roleName = await makeRole(iam);
    const policyArn = await makePolicy(iam);
    await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn });
    await expectRefused(iam, { call: "DeletePolicy", policyArn }, "DeleteConflict");
    await expectDone(iam, { call: "DetachRolePolicy", roleName, policyArn });
    await expectDone(iam, { call: "DeletePolicy", policyArn });
    await expectRefused(iam, { call: "AttachRolePolicy", roleName, policyArn }, "NoSuchEntity");
  },

  "refuses to delete a policy that bounds a role": async (iam) => {
    const roleName = await makeRole(iam);
    const policyArn = await makePolicy(iam);
    await expectDone(iam, { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: policyArn });
    await expectRefused(iam, { call: "DeletePolicy", policyArn }, "DeleteConflict");
  },

  "refuses to delete a policy with several versions": async (iam) => {
    const policyArn = await makePolicy(iam);
    await expectDone(iam, { call: "CreatePolicyVersion", policyArn, policyDocument: allow("s3:*") });
    await expectRefused(iam, { call: "DeletePolicy", policyArn }, "DeleteConflict");
  },

  "refuses every write to an AWS-managed policy": async (iam) => {
    const policyArn = batchServicePolicy;
    for (const call of [
      { call: "CreatePolicyVersion", policyArn, policyDocument: allow("*") },
      { call: "SetDefaultPolicyVersion", policyArn, versionId: "v1" },
      { call: "DeletePolicyVersion", policyArn, versionId: "v1" },
      { call: "DeletePolicy", policyArn },
    ] as const) {
      await expectRefused(iam, call, "AccessDenied");
    }
  },
} satisfies Record<string, IamRule>;
