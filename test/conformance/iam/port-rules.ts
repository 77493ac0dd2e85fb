import assert from "node:assert/strict";
import { StepRefusedError } from "@drift-guard/core/errors";
import type { Step } from "@drift-guard/core/model/plan";
import type { RoleReading } from "@drift-guard/core/model/role";
import { allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { fresh, type IamRule, makePolicy, makeRole, must, readPresent, sameDocument } from "./door.ts";

/** What holds for reading roles and carrying out the steps of a plan. */
export const portRules = {
  "reads a role whole": async (door) => {
    const roleName = fresh("Whole");
    const instanceProfileName = fresh("Profile");
    const trust = trustOf("ecs-tasks.amazonaws.com");
    const policyArn = await makePolicy(door, "s3:GetObject");
    await must(door, {
      call: "CreateRole",
      roleName,
      path: "/teams/batch/",
      assumeRolePolicyDocument: trust,
      description: "reads everything",
      maxSessionDuration: 7200,
      permissionsBoundary: policyArn,
      tags: [{ key: "team", value: "batch" }],
    });
    await must(door, { call: "AttachRolePolicy", roleName, policyArn });
    await must(door, { call: "PutRolePolicy", roleName, policyName: "p", policyDocument: allow("ec2:Run*") });
    await must(door, { call: "CreateInstanceProfile", instanceProfileName });
    await must(door, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });

    const {
      id,
      trust: shownTrust,
      attached,
      inline,
      boundary,
      ...others
    } = await readPresent(door, roleName);
    assert.match(id, /^AROA[A-Z0-9]{10,}$/);
    sameDocument(shownTrust, trust);
    assert.deepEqual(others, {
      account: door.account,
      partition: "aws",
      name: roleName,
      path: "/teams/batch/",
      arn: `arn:aws:iam::${door.account}:role/teams/batch/${roleName}`,
      tags: { observed: true, value: { team: "batch" } },
      description: { observed: true, value: "reads everything" },
      maxSession: { observed: true, value: 7200 },
      profiles: { observed: true, value: [instanceProfileName] },
    });
    const bound = boundary.observed ? boundary.value : undefined;
    for (const policy of [attached[0], bound]) {
      assert.equal(policy?.arn, policyArn);
      assert.equal(policy?.version.observed && policy.version.value.id, "v1");
      sameDocument(policy?.version.observed ? policy.version.value.text : undefined, allow("s3:GetObject"));
    }
    assert.equal(attached.length, 1);
    assert.deepEqual(
      inline.map(({ name }) => name),
      ["p"],
    );
    sameDocument(inline[0]?.text, allow("ec2:Run*"));
  },

  "reads a role of which nothing was said": async (door) => {
    const { attached, inline, boundary, tags, description, maxSession, profiles, path } = await readPresent(
      door,
      await makeRole(door),
    );
    assert.deepEqual([path, attached, inline], ["/", [], []]);
    assert.deepEqual(
      [boundary, tags, description, maxSession, profiles].map((part) => part.observed && part.value),
      [null, {}, "", 3600, []],
    );
  },

  "gives documents back as they were put, signs and all": async (door) => {
    const roleName = await makeRole(door);
    const resource = `arn:aws:s3:::bücket/100%+\${aws:username}/%7B?*`;
    const policyDocument = allow("s3:GetObject", resource);
    await must(door, { call: "PutRolePolicy", roleName, policyName: "signs", policyDocument });
    sameDocument((await readPresent(door, roleName)).inline[0]?.text, policyDocument);
  },

  "tells a role that is not there as absent, with its account and name": async (door) => {
    const name = fresh("Nobody");
    assert.deepEqual(await door.reader.read(name), { status: "absent", account: door.account, name });
  },

  "reads several roles, one reading for each name, equal to single reads in every part that it observes":
    async (door) => {
      const names = [await makeRole(door), fresh("Nobody"), await makeRole(door)];
      const policyArn = await makePolicy(door);
      for (const roleName of [names[0], names[2]]) {
        if (roleName) await must(door, { call: "AttachRolePolicy", roleName, policyArn });
      }
      const readings = new Map<string, RoleReading>();
      for await (const reading of door.reader.readMany(names)) {
        const name = reading.status === "present" ? reading.role.name : reading.name;
        assert.ok(!readings.has(name), `${name} was read twice`);
        readings.set(name, reading);
      }
      assert.equal(readings.size, names.length);
      for (const name of names) {
        const alone = await door.reader.read(name);
        const inBulk = readings.get(name);
        assert.deepEqual(inBulk, inBulk && withUnseenPartsOf(inBulk, alone));
      }
    },

  "finds the roles behind a policy that is attached to them": async (door) => {
    const policyArn = await makePolicy(door);
    const names = [await makeRole(door), await makeRole(door)];
    await makeRole(door);
    for (const roleName of names) await must(door, { call: "AttachRolePolicy", roleName, policyArn });
    const behind = await door.reader.rolesBehind({ kind: "policy", arn: policyArn });
    assert.deepEqual([...behind].sort(), names.sort());
  },

  "finds the role behind a policy that bounds it": async (door) => {
    const permissionsBoundary = await makePolicy(door);
    const roleName = await makeRole(door);
    await makeRole(door);
    await must(door, { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary });
    assert.deepEqual(await door.reader.rolesBehind({ kind: "policy", arn: permissionsBoundary }), [roleName]);
  },

  "finds the role behind a profile, and none behind what is not there": async (door) => {
    const instanceProfileName = fresh("Profile");
    const roleName = await makeRole(door);
    await must(door, { call: "CreateInstanceProfile", instanceProfileName });
    assert.deepEqual(await door.reader.rolesBehind({ kind: "profile", name: instanceProfileName }), []);
    await must(door, { call: "AddRoleToInstanceProfile", instanceProfileName, roleName });
    assert.deepEqual(await door.reader.rolesBehind({ kind: "profile", name: instanceProfileName }), [
      roleName,
    ]);
    assert.deepEqual(await door.reader.rolesBehind({ kind: "profile", name: fresh("Nothing") }), []);
    const arn = `arn:aws:iam::${door.account}:policy/${fresh("Nothing")}`;
    assert.deepEqual(await door.reader.rolesBehind({ kind: "policy", arn }), []);
  },

  "carries out every step of a plan, and gives the request id of each": async (door) => {
    const role = await makeRole(door);
    const trust = trustOf("ecs-tasks.amazonaws.com");
    const managed = { role, part: `managed:${batchServicePolicy}`, policyArn: batchServicePolicy } as const;
    const inline = { role, part: "inline:extra", policyName: "extra" } as const;
    await apply(door, { call: "iam:AttachRolePolicy", ...managed });
    await apply(door, { call: "iam:PutRolePolicy", ...inline, document: allow("ec2:Run*") });
    await apply(door, { call: "iam:UpdateAssumeRolePolicy", role, part: "trust", document: trust });
    const put = await readPresent(door, role);
    assert.deepEqual(
      put.attached.map(({ arn }) => arn),
      [batchServicePolicy],
    );
    sameDocument(put.inline[0]?.text, allow("ec2:Run*"));
    sameDocument(put.trust, trust);
    await apply(door, { call: "iam:DetachRolePolicy", ...managed });
    await apply(door, { call: "iam:DeleteRolePolicy", ...inline });
    const removed = await readPresent(door, role);
    assert.deepEqual([removed.attached, removed.inline], [[], []]);
  },

  "tells a step that IAM refuses, with IAM's code and the role": async (door) => {
    const role = fresh("Nobody");
    const part = `managed:${batchServicePolicy}` as const;
    const step: Step = { call: "iam:AttachRolePolicy", role, part, policyArn: batchServicePolicy };
    await assert.rejects(door.writer.apply(step), (error) => {
      assert.ok(error instanceof StepRefusedError);
      assert.equal(error.code, "NoSuchEntity");
      assert.ok(error.message.includes(role), error.message);
      return true;
    });
  },
} satisfies Record<string, IamRule>;

/** A single read, but with description and maximum session unseen where the bulk read leaves them unseen. */
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

async function apply(door: Parameters<IamRule>[0], step: Step): Promise<void> {
  const { requestId } = await door.writer.apply(step);
  assert.ok(requestId, `${step.call} gave no request id`);
}
