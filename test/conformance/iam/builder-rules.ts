import assert from "node:assert/strict";
import { StepRefusedError } from "@drift-guard/core/errors";
import { trustOf } from "../../builders.ts";
import {
  assertSameDocument,
  expectDone,
  type IamFixture,
  type IamRule,
  makePolicy,
  makeRole,
  readPresent,
  uniqueName,
} from "./fixture.ts";

const document = trustOf("ec2.amazonaws.com");

/** The rules for builders of roles. */
export const builderRules = {
  "creates a role at its path, with its trust policy and boundary": async (iam) => {
    const role = uniqueName("Built");
    const boundary = await makePolicy(iam, "ec2:*");
    const step = { call: "iam:CreateRole", role, path: "/service-role/", document, boundary } as const;
    const { requestId } = await iam.builder.build(step);
    assert.match(requestId ?? "", /\w/);
    const built = await readPresent(iam, role);
    assert.equal(built.path, "/service-role/");
    assertSameDocument(built.trust, document);
    assert.equal(built.boundary.observed && built.boundary.value?.arn, boundary);
  },

  "creates a role without a boundary": async (iam) => {
    const role = uniqueName("Built");
    await iam.builder.build({ call: "iam:CreateRole", role, path: "/", document });
    assert.deepEqual((await readPresent(iam, role)).boundary, { observed: true, value: null });
  },

  "refuses to create a role whose name is taken": async (iam) => {
    const role = await makeRole(iam);
    await assert.rejects(
      iam.builder.build({ call: "iam:CreateRole", role, path: "/", document }),
      refusedWith("EntityAlreadyExists", role),
    );
  },

  "adds a role to an instance profile, which it creates where there is none": async (iam) => {
    const role = await makeRole(iam);
    const [made, missing] = [uniqueName("Profile"), uniqueName("Profile")];
    await expectDone(iam, { call: "CreateInstanceProfile", instanceProfileName: made });
    for (const profile of [made, missing]) await add(iam, role, profile);
    const { profiles } = await readPresent(iam, role);
    assert.deepEqual(profiles.observed && [...profiles.value].sort(), [made, missing].sort());
  },

  "refuses to add a role to an instance profile that holds another": async (iam) => {
    const [role, other] = [await makeRole(iam), await makeRole(iam)];
    const profile = uniqueName("Profile");
    await add(iam, other, profile);
    await assert.rejects(add(iam, role, profile), refusedWith("LimitExceeded", role));
    assert.deepEqual(await iam.reader.rolesBehind({ kind: "profile", name: profile }), [other]);
  },

  "refuses to add a role that does not exist": async (iam) => {
    const role = uniqueName("Nobody");
    await assert.rejects(add(iam, role, uniqueName("Profile")), refusedWith("NoSuchEntity", role));
  },
} satisfies Record<string, IamRule>;

function add({ builder }: IamFixture, role: string, profile: string): Promise<unknown> {
  return builder.build({ call: "iam:AddRoleToInstanceProfile", role, profile });
}

function refusedWith(code: string, role: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StepRefusedError);
    assert.equal(error.code, code, error.message);
    return error.message.includes(role);
  };
}
