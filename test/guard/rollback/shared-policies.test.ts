import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { StepUnansweredError } from "@drift-guard/core/errors";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { account, allow } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { aWorld, type World, type WorldOptions } from "../world.ts";
import { assertConcluded, cuttingOff } from "./cut-off.ts";

const [one, other] = ["AWSBatchServiceRole", "ecsTaskExecutionRole"] as const;
const arnOf = (name: string) => `arn:aws:iam::${account}:policy/${name}`;
const documents = { data: allow("dynamodb:GetItem"), edge: allow("*") };
const policies = ["data", "edge"] as const;

const references = [one, other].map((name) => {
  const reference = referenceOf(name);
  return {
    ...reference,
    role: `${name}-with-shared-policies`,
    attachments: [
      ...reference.attachments,
      {
        arn: arnOf("data"),
        version: "v1",
        document: documents.data,
        source: { title: "a test", date: "2026-11-22" },
      },
    ],
    boundary: { arn: arnOf("edge"), document: documents.edge },
  };
});

const automatic = { excess: "automatic", missing: "automatic", altered: "automatic" } as const;
const config = defineConfig({
  roles: {
    [one]: {
      reference: `${one}-with-shared-policies`,
      rollback: { ...automatic, sharedPolicies: true },
    },
    [other]: { reference: `${other}-with-shared-policies`, rollback: { excess: "off", missing: "off" } },
  },
  references,
});

/** A world in which two roles have the same customer-managed policy, and the same policy as their boundary. */
async function sharingWorld(options: WorldOptions): Promise<World> {
  const world = aWorld({ config, ...options });
  for (const policyName of policies) {
    world.act({ call: "CreatePolicy", policyName, policyDocument: documents[policyName] });
  }
  for (const roleName of [one, other]) {
    world.act({ call: "AttachRolePolicy", roleName, policyArn: arnOf("data") });
    world.act({ call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: arnOf("edge") });
  }
  await world.settle();
  return world;
}

const version = (name: string, document: string, setAsDefault: boolean): IamCall => ({
  call: "CreatePolicyVersion",
  policyArn: arnOf(name),
  policyDocument: document,
  setAsDefault,
});

/** Edits of a customer-managed policy, by the calls that set it back. */
const edits: Readonly<Record<string, (name: string) => readonly IamCall[]>> = {
  "by SetDefaultPolicyVersion": (name) => [version(name, allow("s3:GetObject"), true)],
  "by DeletePolicyVersion and CreatePolicyVersion": (name) => [
    version(name, allow("s3:GetObject"), true),
    { call: "DeletePolicyVersion", policyArn: arnOf(name), versionId: "v1" },
    ...["sqs:*", "sns:*", "kms:*"].map((action) => version(name, allow(action), false)),
    version(name, allow("s3:ListBucket"), true),
  ],
};

async function isSetBack(world: World, name: keyof typeof documents): Promise<boolean> {
  const live = await world.ports.policies.readPolicy(arnOf(name));
  const current = live?.versions.find(({ isDefault }) => isDefault);
  return JSON.stringify(JSON.parse(current?.text ?? "{}")) === JSON.stringify(JSON.parse(documents[name]));
}

const hasThief = ({ announced }: World) =>
  announced.some(({ finding }) => finding.evidence.kind === "impersonation");

describe("A customer-managed policy that several roles have", () => {
  for (const name of policies) {
    for (const [calls, edit] of Object.entries(edits)) {
      it(`is set back ${calls} where an answer is lost, and nobody is called a thief for it (${name})`, async () => {
        let lost = 0;
        const world = await sharingWorld({
          writer: (door) => ({
            apply: async (...call) => {
              const receipt = await door.apply(...call);
              lost += 1;
              if (lost === 1) throw new StepUnansweredError("the connection was lost");
              return receipt;
            },
          }),
        });
        for (const call of edit(name)) world.act(call);
        await world.settle();
        assert.ok(lost > 0);
        assert.equal(await isSetBack(world, name), true);
        assert.equal(hasThief(world), false);
      });
    }
  }

  it("is set back where rollback is cut off at any of its calls, and nobody is called a thief", async () => {
    for (let moment = 1; ; moment += 1) {
      const cut = cuttingOff(moment);
      const world = await sharingWorld(cut.options);
      for (const call of edits["by DeletePolicyVersion and CreatePolicyVersion"]?.("data") ?? [])
        world.act(call);
      await world.settle(3600);
      if (!cut.isDone()) break;
      assert.equal(await isSetBack(world, "data"), true, `cut off at call ${moment}`);
      await assertConcluded(world, one, moment);
    }
  });
});

describe("The policy of a boundary", () => {
  const pipeline = `arn:aws:iam::${account}:role/pipeline`;
  const asPipeline: ApiCaller = { kind: "session", role: pipeline, session: "run-7" };
  const trusting = { ...config, trustedActors: [pipeline] };
  const observe = (name: string) => [name, { reference: `${name}-with-shared-policies` }] as const;
  const refusalsOf = ({ announced }: World) =>
    announced.flatMap(({ kind, note }) => (kind === "refused" ? [note ?? ""] : []));

  it("that a trusted actor edits waits for a person, and is set back at once after somebody else's edit", async () => {
    for (const call of edits["by SetDefaultPolicyVersion"]?.("edge") ?? []) {
      const trusted = await sharingWorld({ config: trusting });
      trusted.act(call, asPipeline);
      await trusted.settle();
      assert.equal(await isSetBack(trusted, "edge"), false);
      assert.match(refusalsOf(trusted).join(), /role\/pipeline, whom the configuration trusts/);
      const drifts = (await trusted.findings()).filter(
        ({ role, state }) => role.name === one && state === "open",
      );
      assert.ok(drifts.length > 0);
      for (const { causedBy, origin } of drifts)
        assert.deepEqual([causedBy?.issuer, origin?.call], [pipeline, "iam:CreatePolicyVersion"]);
      const foreign = await sharingWorld({ config: trusting });
      foreign.act(call);
      await foreign.settle();
      assert.equal(await isSetBack(foreign, "edge"), true);
    }
  });

  it("that somebody set in place of the required one gets no cover from a trusted actor who edits it", async () => {
    const world = await sharingWorld({ config: trusting });
    world.act({ call: "CreatePolicy", policyName: "wide", policyDocument: allow("s3:*") });
    world.act({ call: "PutRolePermissionsBoundary", roleName: one, permissionsBoundary: arnOf("wide") });
    world.act(version("wide", allow("*"), true), asPipeline);
    await world.settle();
    const reading = await world.ports.roles.read(one);
    assert.ok(reading.status === "present" && reading.role.boundary.observed);
    assert.equal(reading.role.boundary.value?.arn, arnOf("edge"));
  });

  it("is looked up in CloudTrail where no event told of its edit", async () => {
    const off = defineConfig({ references, roles: Object.fromEntries([one, other].map(observe)) });
    const world = await sharingWorld({ config: off, looksUp: true, disorder: () => [] });
    world.clock.advance(60);
    world.act(version("edge", allow("s3:GetObject"), true), asPipeline);
    await world.sweep();
    await world.settle();
    const open = (await world.findings()).filter(
      ({ role, state }) => role.name === other && state === "open",
    );
    assert.ok(open.length > 0);
    for (const { causedBy } of open) assert.equal(causedBy?.issuer, pipeline);
  });
});
