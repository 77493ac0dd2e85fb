import assert from "node:assert/strict";
import { before, it } from "node:test";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import { StepRefusedError } from "@drift-guard/core/errors";
import { managedPart, partOf } from "@drift-guard/core/model/part";
import type { Step } from "@drift-guard/core/model/plan";
import { type Role, type RoleReading, seen } from "@drift-guard/core/model/role";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { withEmulators } from "../../local/emulated-suite.ts";
import { clientSettingsFor } from "../client-settings.ts";

const ownPolicy = `arn:aws:iam::${account}:policy/batch/Own`;

withEmulators("The reader and writer of roles, on moto", (services) => {
  const client = () => new IAMClient(clientSettingsFor(services().emulators.moto));
  const reader = () => createRoleReader(client(), { account, partition: "aws" });
  const readMany = async (...names: readonly string[]) => {
    const readings: RoleReading[] = [];
    for await (const reading of reader().readMany(names)) readings.push(reading);
    return readings;
  };
  const read = async (name: string): Promise<Role> => {
    const reading = await reader().read(name);
    assert.equal(reading.status, "present");
    return reading.role;
  };
  const apply = (step: Step) => createRoleWriter(client()).apply(step, { rollbackId: "rollback-1", step: 0 });

  before(async () => {
    const iam = client();
    await iam.send(
      new CreateRoleCommand({
        RoleName: "Whole",
        Path: "/service-role/",
        AssumeRolePolicyDocument: trustOf("batch.amazonaws.com"),
        Description: "100 % of it",
        MaxSessionDuration: 7200,
        Tags: [{ Key: "team", Value: "batch" }],
      }),
    );
    await iam.send(
      new CreatePolicyCommand({ PolicyName: "Own", Path: "/batch/", PolicyDocument: allow("batch:*") }),
    );
    await iam.send(
      new CreatePolicyVersionCommand({
        PolicyArn: ownPolicy,
        PolicyDocument: allow("batch:Describe*"),
        SetAsDefault: true,
      }),
    );
    for (const PolicyArn of [batchServicePolicy, ownPolicy]) {
      await iam.send(new AttachRolePolicyCommand({ RoleName: "Whole", PolicyArn }));
    }
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: "Whole",
        PolicyName: "in+line",
        PolicyDocument: allow("s3:GetObject", "arn:aws:s3:::a+b%2F/*"),
      }),
    );
    await iam.send(
      new PutRolePermissionsBoundaryCommand({ RoleName: "Whole", PermissionsBoundary: ownPolicy }),
    );
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: "WholeProfile" }));
    await iam.send(
      new AddRoleToInstanceProfileCommand({ InstanceProfileName: "WholeProfile", RoleName: "Whole" }),
    );
    await iam.send(
      new CreateRoleCommand({ RoleName: "Bare", AssumeRolePolicyDocument: trustOf("ec2.amazonaws.com") }),
    );
  });

  it("reads all parts of a role, policies with the documents of their default versions", async () => {
    const { id, attached, ...role } = await read("Whole");
    assert.match(id, /^AROA/);
    const own = { arn: ownPolicy, version: seen({ id: "v2", text: allow("batch:Describe*") }) };
    assert.deepEqual(
      attached.find(({ arn }) => arn === ownPolicy),
      own,
    );
    const managed = attached.find(({ arn }) => arn === batchServicePolicy);
    assert.ok(managed?.version.observed);
    assert.match(managed.version.value.text, /ec2:DescribeAccountAttributes/);
    assert.deepEqual(role, {
      account,
      partition: "aws",
      name: "Whole",
      path: "/service-role/",
      arn: `arn:aws:iam::${account}:role/service-role/Whole`,
      trust: trustOf("batch.amazonaws.com"),
      inline: [{ name: "in+line", text: allow("s3:GetObject", "arn:aws:s3:::a+b%2F/*") }],
      boundary: seen(own),
      tags: seen({ team: "batch" }),
      description: seen("100 % of it"),
      maxSession: seen(7200),
      profiles: seen(["WholeProfile"]),
    });
  });

  it("reports a role that does not exist as absent", async () => {
    assert.deepEqual(await reader().read("Nobody"), { status: "absent", account, name: "Nobody" });
  });

  it("reads many roles as it reads each one, except description and maximum session", async () => {
    const [whole, nobody, bare, ...rest] = await readMany("Whole", "Nobody", "Bare");
    assert.deepEqual(rest, []);
    assert.deepEqual(nobody, { status: "absent", account, name: "Nobody" });
    for (const reading of [whole, bare]) {
      assert.ok(reading?.status === "present");
      const { description, maxSession, ...others } = reading.role;
      assert.ok(!description.observed && !maxSession.observed);
      const { description: _, maxSession: __, ...expected } = await read(reading.role.name);
      assert.deepEqual(others, expected);
    }
  });

  it("reads many roles as it reads each one, if they need description and maximum session", async () => {
    for await (const reading of reader().readMany(["Whole", "Bare"], () => true)) {
      assert.ok(reading.status === "present");
      assert.deepEqual(reading.role, await read(reading.role.name));
    }
  });

  it("makes no call for an empty list of names", async () => {
    assert.deepEqual(await readMany(), []);
  });

  it("finds the roles of an attached policy, a boundary and an instance profile", async () => {
    const behind = (subject: Parameters<ReturnType<typeof reader>["rolesBehind"]>[0]) =>
      reader().rolesBehind(subject);
    assert.deepEqual(await behind({ kind: "policy", arn: ownPolicy }), ["Whole"]);
    assert.deepEqual(await behind({ kind: "policy", arn: `${ownPolicy}Gone` }), []);
    assert.deepEqual(await behind({ kind: "profile", name: "WholeProfile" }), ["Whole"]);
    assert.deepEqual(await behind({ kind: "profile", name: "NoProfile" }), []);
    assert.deepEqual(await behind({ kind: "role", name: "whole" }), ["whole"]);
    assert.deepEqual(await behind({ kind: "compute-environment", name: "whole" }), []);
  });

  it("carries out each kind of step and returns its request id", async () => {
    const RoleName = "Written";
    await client().send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf("a.b") }));
    const { requestId } = await apply({
      role: RoleName,
      part: managedPart(batchServicePolicy),
      call: "iam:AttachRolePolicy",
      policyArn: batchServicePolicy,
    });
    assert.match(requestId ?? "", /\S/);
    await apply({
      role: RoleName,
      part: partOf("inline:extra"),
      call: "iam:PutRolePolicy",
      policyName: "extra",
      document: allow("s3:*"),
    });
    await apply({
      role: RoleName,
      part: partOf("trust"),
      call: "iam:UpdateAssumeRolePolicy",
      document: trustOf("ecs-tasks.amazonaws.com"),
    });
    const changed = await read(RoleName);
    assert.deepEqual(
      [changed.trust, changed.attached.map(({ arn }) => arn), changed.inline],
      [trustOf("ecs-tasks.amazonaws.com"), [batchServicePolicy], [{ name: "extra", text: allow("s3:*") }]],
    );
    await apply({
      role: RoleName,
      part: managedPart(batchServicePolicy),
      call: "iam:DetachRolePolicy",
      policyArn: batchServicePolicy,
    });
    await apply({
      role: RoleName,
      part: partOf("inline:extra"),
      call: "iam:DeleteRolePolicy",
      policyName: "extra",
    });
    const restored = await read(RoleName);
    assert.deepEqual([restored.attached, restored.inline], [[], []]);
  });

  it("reports IAM's code for a refused step", async () => {
    await assert.rejects(
      apply({
        role: "Bare",
        part: managedPart(batchServicePolicy),
        call: "iam:DetachRolePolicy",
        policyArn: batchServicePolicy,
      }),
      (error) => {
        assert.ok(error instanceof StepRefusedError);
        assert.equal(error.code, "NoSuchEntity");
        assert.match(error.message, /iam:DetachRolePolicy on the role Bare/);
        return true;
      },
    );
    await assert.rejects(
      apply({ role: "Bare", part: partOf("trust"), call: "iam:UpdateAssumeRolePolicy", document: "{" }),
      { name: "StepRefusedError", code: "MalformedPolicyDocument" },
    );
  });
});
