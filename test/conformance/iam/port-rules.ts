import assert from "node:assert/strict";
import { StepRefusedError } from "@drift-guard/core/errors";
import { managedPart, partOf } from "@drift-guard/core/model/part";
import type { Step } from "@drift-guard/core/model/plan";
import type { RoleReading } from "@drift-guard/core/model/role";
import { allow, batchServicePolicy, trustOf } from "../../builders.ts";
import {
  assertSameDocument,
  expectDone,
  type IamRule,
  makePolicy,
  makeRole,
  readPresent,
  uniqueName,
} from "./fixture.ts";

/** The rules for reading roles and carrying out the steps of a plan. */
export const portRules = {
  "reads all parts of a role": async (iam) => {
    const roleName = uniqueName("Whole");
    const instanceProfileName = uniqueName("Profile");
    const trust = trustOf("ecs-tasks.amazonaws.com");
    const policyArn = await makePolicy(iam, "s3:GetObject");
    await expectDone(iam, {
      call: "CreateRole",
      roleName,
      path: "/teams/batch/",
      assumeRolePolicyDocument: trust,
      description: "reads everything",
      maxSessionDuration: 7200,
      permissionsBoundary: policyArn,
      tags: [{ key: "team", value: "batch" }],
    });
    await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn });
    await expectDone(iam, {
      call: "PutRolePolicy",
      roleName,
      policyName: "p",
      policyDocument: allow("ec2:Run*"),
    });
    await expectDone(iam, { call: "CreateInstanceProfile", instanceProfileName });
    await expectDone(iam, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });

    const { id, trust: shownTrust, attached, inline, boundary, ...others } = await readPresent(iam, roleName);
    assert.match(id, /^AROA[A-Z0-9]{10,}$/);
    assertSameDocument(shownTrust, trust);
    assert.deepEqual(others, {
      account: iam.account,
      partition: "aws",
      name: roleName,
      path: "/teams/batch/",
      arn: `arn:aws:iam::${iam.account}:role/teams/batch/${roleName}`,
      tags: { observed: true, value: { team: "batch" } },
      description: { observed: true, value: "reads everything" },
      maxSession: { observed: true, value: 7200 },
      profiles: { observed: true, value: [instanceProfileName] },
    });
    const bound = boundary.observed ? boundary.value : undefined;
    for (const policy of [attached[0], bound]) {
      assert.equal(policy?.arn, policyArn);
      assert.equal(policy?.version.observed && policy.version.value.id, "v1");
      assertSameDocument(
        policy?.version.observed ? policy.version.value.text : undefined,
        allow("s3:GetObject"),
      );
    }
    assert.equal(attached.length, 1);
    assert.deepEqual(
      inline.map(({ name }) => name),
      ["p"],
    );
    assertSameDocument(inline[0]?.text, allow("ec2:Run*"));
  },

  "reads a role that was created with defaults only": async (iam) => {
    const { attached, inline, boundary, tags, description, maxSession, profiles, path } = await readPresent(
      iam,
      await makeRole(iam),
    );
    assert.deepEqual([path, attached, inline], ["/", [], []]);
    assert.deepEqual(
      [boundary, tags, description, maxSession, profiles].map((part) => part.observed && part.value),
      [null, {}, "", 3600, []],
    );
  },

  "returns documents as they were put, with special characters": async (iam) => {
    const roleName = await makeRole(iam);
    const resource = `arn:aws:s3:::bücket/100%+\${aws:username}/%7B?*`;
    const policyDocument = allow("s3:GetObject", resource);
    await expectDone(iam, { call: "PutRolePolicy", roleName, policyName: "signs", policyDocument });
    assertSameDocument((await readPresent(iam, roleName)).inline[0]?.text, policyDocument);
  },

  "reports a role that does not exist as absent, with its account and name": async (iam) => {
    const name = uniqueName("Nobody");
    assert.deepEqual(await iam.reader.read(name), { status: "absent", account: iam.account, name });
  },

  "lists the names of all roles": async (iam) => {
    const made = [await makeRole(iam), await makeRole(iam)];
    const names = new Set<string>();
    for await (const name of iam.reader.names()) names.add(name);
    for (const name of made) assert.ok(names.has(name), name);
  },

  "reads several roles, one reading for each name, equal to single reads in every part that it observes":
    async (iam) => {
      const names = [await makeRole(iam), uniqueName("Nobody"), await makeRole(iam)];
      const policyArn = await makePolicy(iam);
      for (const roleName of [names[0], names[2]]) {
        if (roleName) await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn });
      }
      const readings = new Map<string, RoleReading>();
      for await (const reading of iam.reader.readMany(names)) {
        const name = reading.status === "present" ? reading.role.name : reading.name;
        assert.ok(!readings.has(name), `${name} was read twice`);
        readings.set(name, reading);
      }
      assert.equal(readings.size, names.length);
      for (const name of names) {
        const alone = await iam.reader.read(name);
        const inBulk = readings.get(name);
        assert.deepEqual(inBulk, inBulk && withUnseenPartsOf(inBulk, alone));
      }
    },

  "finds the roles that a policy is attached to": async (iam) => {
    const policyArn = await makePolicy(iam);
    const names = [await makeRole(iam), await makeRole(iam)];
    await makeRole(iam);
    for (const roleName of names) await expectDone(iam, { call: "AttachRolePolicy", roleName, policyArn });
    const behind = await iam.reader.rolesBehind({ kind: "policy", arn: policyArn });
    assert.deepEqual([...behind].sort(), names.sort());
  },

  "finds the role that a policy bounds": async (iam) => {
    const permissionsBoundary = await makePolicy(iam);
    const roleName = await makeRole(iam);
    await makeRole(iam);
    await expectDone(iam, { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary });
    assert.deepEqual(await iam.reader.rolesBehind({ kind: "policy", arn: permissionsBoundary }), [roleName]);
  },

  "finds the role in an instance profile, and none for what does not exist": async (iam) => {
    const instanceProfileName = uniqueName("Profile");
    const roleName = await makeRole(iam);
    await expectDone(iam, { call: "CreateInstanceProfile", instanceProfileName });
    assert.deepEqual(await iam.reader.rolesBehind({ kind: "profile", name: instanceProfileName }), []);
    await expectDone(iam, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });
    assert.deepEqual(await iam.reader.rolesBehind({ kind: "profile", name: instanceProfileName }), [
      roleName,
    ]);
    assert.deepEqual(await iam.reader.rolesBehind({ kind: "profile", name: uniqueName("Nothing") }), []);
    const arn = `arn:aws:iam::${iam.account}:policy/${uniqueName("Nothing")}`;
    assert.deepEqual(await iam.reader.rolesBehind({ kind: "policy", arn }), []);
  },

  "carries out every step of a plan and returns its request id": async (iam) => {
    const role = await makeRole(iam);
    const trust = trustOf("ecs-tasks.amazonaws.com");
    const managed = { role, part: managedPart(batchServicePolicy), policyArn: batchServicePolicy } as const;
    const inline = { role, part: partOf("inline:extra"), policyName: "extra" } as const;
    await apply(iam, { call: "iam:AttachRolePolicy", ...managed });
    await apply(iam, { call: "iam:PutRolePolicy", ...inline, document: allow("ec2:Run*") });
    await apply(iam, { call: "iam:UpdateAssumeRolePolicy", role, part: partOf("trust"), document: trust });
    const put = await readPresent(iam, role);
    assert.deepEqual(
      put.attached.map(({ arn }) => arn),
      [batchServicePolicy],
    );
    assertSameDocument(put.inline[0]?.text, allow("ec2:Run*"));
    assertSameDocument(put.trust, trust);
    await apply(iam, { call: "iam:DetachRolePolicy", ...managed });
    await apply(iam, { call: "iam:DeleteRolePolicy", ...inline });
    const removed = await readPresent(iam, role);
    assert.deepEqual([removed.attached, removed.inline], [[], []]);
  },

  "carries out every step on boundary, description, session limit and tags": async (iam) => {
    const role = await makeRole(iam);
    const policyArn = await makePolicy(iam);
    const bound = { role, part: partOf("boundary") } as const;
    const settings = {
      role,
      part: partOf("description"),
      description: "as it was",
      maxSession: 7200,
    } as const;
    const tag = { role, part: partOf("tag:team"), key: "team" } as const;
    await apply(iam, { call: "iam:PutRolePermissionsBoundary", ...bound, policyArn });
    await apply(iam, { call: "iam:UpdateRole", ...settings });
    await apply(iam, { call: "iam:TagRole", ...tag, value: "batch, and more" });
    const put = await readPresent(iam, role);
    assert.equal(put.boundary.observed && put.boundary.value?.arn, policyArn);
    assert.deepEqual(
      [put.description, put.maxSession, put.tags].map((part) => part.observed && part.value),
      ["as it was", 7200, { team: "batch, and more" }],
    );
    await apply(iam, { call: "iam:DeleteRolePermissionsBoundary", ...bound });
    await apply(iam, { call: "iam:UntagRole", ...tag });
    const removed = await readPresent(iam, role);
    assert.deepEqual(
      [removed.boundary, removed.tags].map((part) => part.observed && part.value),
      [null, {}],
    );
  },

  "carries out every step on the versions of a policy, and reads them with the roles that have it": async (
    iam,
  ) => {
    const role = await makeRole(iam);
    const policyArn = await makePolicy(iam, "ec2:DescribeInstances");
    const policy = { role, part: managedPart(policyArn), policyArn } as const;
    await apply(iam, { call: "iam:AttachRolePolicy", ...policy });
    await apply(iam, { call: "iam:CreatePolicyVersion", ...policy, document: allow("*") });
    const changed = await iam.policies.readPolicy(policyArn);
    assert.deepEqual(changed?.versions.map(({ id, isDefault }) => [id, isDefault]).sort(), [
      ["v1", false],
      ["v2", true],
    ]);
    assert.deepEqual(changed?.holders, [`role ${role}`]);
    const document = changed?.versions.find(({ id }) => id === "v1")?.text;
    assertSameDocument(document, allow("ec2:DescribeInstances"));
    const first = { ...policy, versionId: "v1", document: document ?? "" } as const;
    await apply(iam, { call: "iam:SetDefaultPolicyVersion", ...first });
    await apply(iam, { call: "iam:DeletePolicyVersion", ...policy, versionId: "v2" });
    const restored = await iam.policies.readPolicy(policyArn);
    assert.deepEqual(
      restored?.versions.map(({ id, isDefault }) => [id, isDefault]),
      [["v1", true]],
    );
    const nothing = `arn:aws:iam::${iam.account}:policy/${uniqueName("Nothing")}`;
    assert.equal(await iam.policies.readPolicy(nothing), undefined);
  },

  "reports a refused step with IAM's code and the role": async (iam) => {
    const role = uniqueName("Nobody");
    const part = managedPart(batchServicePolicy);
    const step: Step = { call: "iam:AttachRolePolicy", role, part, policyArn: batchServicePolicy };
    await assert.rejects(iam.writer.apply(step, { rollbackId: "rollback-1", step: 0 }), (error) => {
      assert.ok(error instanceof StepRefusedError);
      assert.equal(error.code, "NoSuchEntity");
      assert.ok(error.message.includes(role), error.message);
      return true;
    });
  },
} satisfies Record<string, IamRule>;

/** Returns a single reading, with description and maximum session unobserved if they are in the bulk reading. */
function withUnseenPartsOf(inBulk: RoleReading, alone: RoleReading): RoleReading {
  if (inBulk.status === "absent" || alone.status === "absent") return alone;
  const { description, maxSession } = inBulk.role;
  return {
    ...alone,
    role: {
      ...alone.role,
      ...(!description.observed && { description }),
      ...(!maxSession.observed && { maxSession }),
    },
  };
}

async function apply(iam: Parameters<IamRule>[0], step: Step): Promise<void> {
  const { requestId } = await iam.writer.apply(step, { rollbackId: "rollback-1", step: 0 });
  assert.ok(requestId, `${step.call} gave no request id`);
}
