import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { ControlConflictError, StepUnansweredError, StoreUnavailableError } from "@drift-guard/core/errors";
import { instantOf } from "@drift-guard/core/model/instant";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import type { RollbackOutcome } from "@drift-guard/guard/rollback/outcome";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { account, allow, trustOf } from "../../builders.ts";
import {
  attach,
  contain,
  detach,
  isAsReferenced,
  kinds,
  outcomes,
  rogue,
  roleNamed,
} from "../drift-calls.ts";
import { aWorld, guardRole, type World } from "../world.ts";

describe("A rollback", () => {
  it("is off by default", async () => {
    const config = defineConfig({ roles: { AWSBatchServiceRole: {} } });
    const world = aWorld({ config });
    world.act(detach);
    await world.settle();
    assert.deepEqual(kinds(world), ["opened"]);
    assert.deepEqual(outcomes(world), []);
  });

  it("leaves a hardened trust alone, and takes an added principal out of it (2.10)", async () => {
    const rollback = { excess: "automatic", missing: "automatic" } as const;
    const world = aWorld({ config: defineConfig({ roles: { AWSBatchServiceRole: { rollback } } }) });
    const hardened = (Principal: object) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal,
            Action: "sts:AssumeRole",
            Condition: { StringEqualsIfExists: { "aws:SourceAccount": [account, "210987654321"] } },
          },
        ],
      });
    const update = (policyDocument: string) =>
      world.act({ call: "UpdateAssumeRolePolicy", roleName: "AWSBatchServiceRole", policyDocument });
    update(hardened({ Service: "batch.amazonaws.com" }));
    await world.settle();
    assert.deepEqual([await world.findings(), outcomes(world)], [[], []]);
    update(hardened({ Service: ["batch.amazonaws.com"], AWS: "arn:aws:iam::999988887777:root" }));
    await world.settle();
    const reading = await world.ports.roles.read("AWSBatchServiceRole");
    assert.ok(reading.status === "present");
    assert.doesNotMatch(reading.role.trust, /999988887777/);
    assert.match(reading.role.trust, /aws:SourceAccount/);
    assert.deepEqual(outcomes(world), ["done"]);
  });

  it("never touches the inline policies that AWS's guide prints, and a Deny that hardens the trust (T4, 2.10)", async () => {
    const world = aWorld();
    const roleName = "ecsTaskExecutionRole";
    const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;
    const key = `arn:aws:kms:us-east-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
    const write = (...statements: readonly object[]) =>
      JSON.stringify({ Version: "2012-10-17", Statement: statements });
    for (const [policyName, actions] of [
      ["registry", ["kms:Decrypt", "secretsmanager:GetSecretValue"]],
      ["secrets", ["secretsmanager:GetSecretValue", "kms:Decrypt"]],
      ["parameters", ["ssm:GetParameters", "secretsmanager:GetSecretValue", "kms:Decrypt"]],
    ] as const) {
      const policyDocument = write({ Effect: "Allow", Action: actions, Resource: [secret, key] });
      world.act({ call: "PutRolePolicy", roleName, policyName, policyDocument });
    }
    const assume = { Action: "sts:AssumeRole", Principal: { Service: "ecs-tasks.amazonaws.com" } };
    const others = { StringNotEquals: { "aws:SourceAccount": account } };
    const trust = write(
      { Effect: "Allow", ...assume },
      { Effect: "Deny", ...assume, Principal: "*", Condition: others },
    );
    world.act({ call: "UpdateAssumeRolePolicy", roleName, policyDocument: trust });
    await world.settle();
    await world.sweep();
    const reading = await world.ports.roles.read(roleName);
    assert.ok(reading.status === "present");
    assert.equal(reading.role.inline.length, 3);
    assert.equal(reading.role.trust, trust);
    assert.deepEqual([await world.findings(), outcomes(world)], [[], []]);
  });

  it("attaches a customer-managed policy only with the document that its reference states", async () => {
    const arn = `arn:aws:iam::${account}:policy/team`;
    const source = { title: "a test", date: "2026-11-22" };
    const config = defineConfig({
      roles: { Worker: { rollback: { excess: "automatic", missing: "automatic", sharedPolicies: true } } },
      references: [
        {
          role: "Worker",
          source,
          trust: trustOf("ecs-tasks.amazonaws.com"),
          attachments: [{ arn, version: "v1", document: allow("s3:GetObject"), source }],
          boundary: "none",
        },
      ],
    });
    const world = aWorld({ config, enrolled: false });
    const roleName = "Worker";
    const trust = trustOf("ecs-tasks.amazonaws.com");
    world.act({ call: "CreateRole", roleName, path: "/service-role/", assumeRolePolicyDocument: trust });
    world.act({ call: "CreatePolicy", policyName: "team", policyDocument: allow("s3:GetObject") });
    world.act({ call: "AttachRolePolicy", roleName, policyArn: arn });
    await world.settle();
    world.clock.advance(86_400);
    world.act({ call: "DetachRolePolicy", roleName, policyArn: arn });
    world.act({
      call: "CreatePolicyVersion",
      policyArn: arn,
      policyDocument: allow("*"),
      setAsDefault: true,
    });
    await world.settle();
    assert.deepEqual((await roleNamed(world, roleName)).attached, []);
    assert.match(
      world.announced.findLast(({ kind }) => kind === "refused")?.note ?? "",
      /default version v2 of .* differs from the reference/,
    );
    world.act({ call: "SetDefaultPolicyVersion", policyArn: arn, versionId: "v1" });
    world.act({ call: "TagRole", roleName, tags: [{ key: "look", value: "again" }] });
    await world.settle();
    assert.deepEqual(
      (await roleNamed(world, roleName)).attached.map((policy) => policy.arn),
      [arn],
    );
    // An edit of the attached policy is set back.
    world.act({ call: "SetDefaultPolicyVersion", policyArn: arn, versionId: "v2" });
    await world.settle();
    const [attached] = (await roleNamed(world, roleName)).attached;
    assert.equal(attached?.version.observed && attached.version.value.id, "v1");
  });

  it("waits for approval in the mode approve, and reports that once", async () => {
    const config = defineConfig({ roles: { AWSBatchServiceRole: { rollback: { missing: "approve" } } } });
    const world = aWorld({ config, disorder: (bodies) => [...bodies, ...bodies] });
    world.act(detach);
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "refused"]);
  });

  it("leaves a trusted actor's change in place and names them", async () => {
    const automatic = { excess: "automatic", missing: "automatic" } as const;
    const config = defineConfig({
      roles: { AWSBatchServiceRole: { rollback: automatic } },
      trustedActors: ["arn:aws:iam::*:role/terraform"],
    });
    const world = aWorld({ config });
    const terraform = `arn:aws:iam::${account}:role/terraform`;
    for (let round = 0; round < 3; round += 1) {
      if (round > 0) world.act(attach);
      world.act(detach, { kind: "session", role: terraform, session: `run-${round}` });
      await world.settle();
    }
    assert.ok(outcomes(world).every((status) => status === "refused"));
    assert.match(
      world.announced.find(({ kind }) => kind === "refused")?.note ?? "",
      /made by .*role\/terraform/,
    );
    assert.equal((await world.findings())[0]?.causedBy?.issuer, terraform);
  });

  it("undoes only what the configuration does not accept, and the finding is suppressed", async () => {
    const accepted = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::input/*" };
    const rest = { Effect: "Allow", Action: "sqs:*", Resource: "*" };
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [accepted, rest] });
    const config = defineConfig({
      roles: { ecsTaskExecutionRole: { rollback: { excess: "automatic" } } },
      exceptions: [
        {
          role: "ecsTaskExecutionRole",
          part: "inline:extra",
          side: "excess",
          grants: [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::input/*"] }],
          owner: "team batch",
          reason: "reads its input",
          expires: "2027-01-01T00:00:00Z",
        },
      ],
    });
    const world = aWorld({ config });
    world.act({
      call: "PutRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyName: "extra",
      policyDocument,
    });
    await world.settle();
    assert.deepEqual(outcomes(world).includes("done"), true);
    assert.deepEqual(
      (await roleNamed(world, "ecsTaskExecutionRole")).inline.map(({ text }) => JSON.parse(text).Statement),
      [[accepted]],
    );
    assert.deepEqual(kinds(world), ["opened", "rolled-back", "suppressed"]);
    assert.deepEqual(
      (await world.control.load({ account, name: "ecsTaskExecutionRole" })).rollbacks.length,
      1,
    );
  });

  it("does not write a role that a Deny contains", async () => {
    const world = aWorld();
    world.act(contain);
    world.act(detach);
    await world.settle();
    assert.ok(outcomes(world).every((status) => status === "refused"));
    assert.deepEqual((await roleNamed(world, "AWSBatchServiceRole")).attached, []);
    assert.match(
      world.announced.find(({ kind }) => kind === "refused")?.note ?? "",
      /may contain an incident/,
    );
  });

  it("restores no more often in an hour than the account's cap allows, and tries again in the next hour", async () => {
    const config = defineConfig({
      roles: { AWSBatchServiceRole: { rollback: { missing: "automatic" } } },
      restoringPerHour: 1,
    });
    const world = aWorld({ config });
    await world.control.spendRestoring(account, "another", instantOf(world.clock.now()), 1);
    world.act(detach);
    await world.settle();
    const [refused, ...again] = world.announced.filter(({ kind }) => kind === "refused");
    assert.deepEqual(again, []);
    assert.match(refused?.note ?? "", /reached its 1 rollbacks in an hour.*next try is at .*T13:00/);
    assert.deepEqual([...new Set(outcomes(world))], ["refused", "done"]);
    await isAsReferenced(world);
  });

  it("removes critical excess although the account's cap is reached", async () => {
    const config = defineConfig({
      roles: { AWSBatchServiceRole: { rollback: { excess: "automatic", missing: "automatic" } } },
      restoringPerHour: 1,
    });
    const world = aWorld({ config });
    await world.control.spendRestoring(account, "another", instantOf(world.clock.now()), 1);
    world.act(rogue);
    world.act(detach);
    await world.settle(600);
    const { inline, attached } = await roleNamed(world, "AWSBatchServiceRole");
    assert.deepEqual([inline, attached], [[], []]);
  });

  /** A control store that refuses the first `conflicts` commits, as if another function had committed before. */
  const withConflicts = ({ control }: World, conflicts: number): World["control"] => {
    let left = conflicts;
    return {
      ...control,
      commit: (commit) => {
        if (left === 0) return control.commit(commit);
        left -= 1;
        return Promise.reject(new ControlConflictError("another function committed"));
      },
    };
  };

  it("counts against the cap once where commits conflict", async () => {
    const world = aWorld({ config: defineConfig({ roles: { AWSBatchServiceRole: {} } }) });
    world.act(detach);
    await world.settle();
    let spent = 0;
    const conflicting = withConflicts(world, 3);
    const control: World["control"] = {
      ...conflicting,
      spendRestoring: (...parameters) => {
        spent += 1;
        return world.control.spendRestoring(...parameters);
      },
    };
    const config = defineConfig({ roles: { AWSBatchServiceRole: { rollback: { missing: "automatic" } } } });
    const { status } = await rollBackWith(world, { control }, { config });
    assert.deepEqual([status, spent], ["done", 1]);
    await isAsReferenced(world);
  });

  it("writes nothing where the control items cannot be read", async () => {
    const world = aWorld();
    world.act(detach);
    await world.settle();
    world.act(detach);
    const broken = {
      ...world.control,
      load: () => Promise.reject(new StoreUnavailableError("the control table is gone")),
    };
    await assert.rejects(rollBackWith(world, { control: broken }), { name: "StoreUnavailableError" });
    assert.deepEqual((await roleNamed(world, "AWSBatchServiceRole")).attached, []);
  });

  it("stops where someone else changes the role during it, and reports that", async () => {
    const world = aWorld({ config: defineConfig({ roles: { AWSBatchServiceRole: {} } }) });
    world.act(detach);
    world.act(rogue);
    await world.settle();
    const writer = {
      apply: async (...parameters: Parameters<World["ports"]["writer"]["apply"]>) => {
        const receipt = await world.ports.writer.apply(...parameters);
        world.act({ ...rogue, policyName: "another" });
        return receipt;
      },
    };
    const config = defineConfig({
      roles: { AWSBatchServiceRole: { rollback: { excess: "automatic", missing: "automatic" } } },
    });
    const outcome = await rollBackWith(world, { writer }, { config });
    assert.equal(outcome.status, "failed");
    assert.match(
      outcome.status === "failed" && outcome.rollback.status === "failed" ? outcome.rollback.failure : "",
      /somebody else/,
    );
  });

  it("records the role before its first step", async () => {
    const world = aWorld();
    world.act(rogue);
    await world.settle();
    const [rollback] = (await world.control.load({ account, name: "AWSBatchServiceRole" })).rollbacks;
    assert.deepEqual(
      rollback?.before.inline.map(({ name }) => name),
      ["rogue"],
    );
    assert.equal(rollback?.status, "done");
  });
});

describe("A read that shows an older state than the known one", () => {
  // IAM is eventually consistent: a read may show the role as it was some calls ago.
  function lagging(isStale: (reads: number) => boolean) {
    let reads = 0;
    let before: RoleReading | undefined;
    return (reader: RoleReader): RoleReader => ({
      ...reader,
      read: async (name) => {
        const now = await reader.read(name);
        before ??= now;
        reads += 1;
        return isStale(reads) ? before : now;
      },
    });
  }

  it("does not end a rollback for good where it shows no drift yet", async () => {
    const world = aWorld();
    const clean = await world.ports.roles.read("AWSBatchServiceRole");
    const stale = aWorld({
      roles: (reader) => {
        let reads = 0;
        return {
          ...reader,
          read: async (name) => {
            reads += 1;
            return reads === 2 ? clean : reader.read(name);
          },
        };
      },
    });
    stale.act(detach);
    await stale.settle();
    assert.deepEqual(outcomes(stale), ["done"]);
    await isAsReferenced(stale);
  });

  it("does not roll back twice what was just rolled back", async () => {
    const world = aWorld({ roles: lagging((reads) => reads > 3 && reads < 6) });
    world.act(detach);
    world.act(rogue);
    await world.settle();
    await isAsReferenced(world);
    assert.equal(
      world.announced.some(({ finding }) => finding.evidence.kind === "attempt"),
      false,
    );
    assert.equal(
      world.announced.some(({ finding }) => finding.evidence.kind === "impersonation"),
      false,
    );
  });
});

describe("A call by the guard's own role", () => {
  const session = { kind: "session", role: guardRole, session: "rollback" } as const;

  it("fails the rollback and opens no other finding where IAM refuses it", async () => {
    const world = aWorld();
    world.iam.deny(session, ["AttachRolePolicy"]);
    world.act(detach);
    world.act(rogue);
    await world.settle();
    const failed = world.announced.find(
      ({ kind, finding }) => kind === "refused" && finding.evidence.part.kind === "managed",
    );
    assert.match(failed?.note ?? "", /The rollback stopped: iam:AttachRolePolicy .*failed/);
    assert.match(failed?.note ?? "", /Carried out: iam:DeleteRolePolicy\.$/);
    const kindsOfEvidence = new Set(world.announced.map(({ finding }) => finding.evidence.kind));
    assert.deepEqual([...kindsOfEvidence], ["drift"]);
    assert.deepEqual(
      (await roleNamed(world, "AWSBatchServiceRole")).inline,
      [],
      "the other step was carried out",
    );
  });

  it("is recognised by its parameters where IAM gave no answer, and the rollback goes on", async () => {
    let answers = false;
    const world = aWorld({
      writer: (door) => ({
        apply: async (...call) => {
          const receipt = await door.apply(...call);
          if (answers) return receipt;
          answers = true;
          throw new StepUnansweredError("the connection was lost");
        },
      }),
    });
    world.act(detach);
    await world.settle();
    assert.deepEqual(kinds(world), ["opened", "rolled-back", "resolved"]);
    assert.deepEqual(outcomes(world), ["continues", "done"]);
  });

  it("is recognised where a recorded rollback made it", async () => {
    const world = aWorld();
    world.act(detach);
    await world.settle();
    assert.equal(
      world.announced.some(({ finding }) => finding.evidence.kind === "impersonation"),
      false,
    );
  });

  it("is a critical finding where no rollback made it", async () => {
    const world = aWorld();
    world.act(rogue, { kind: "session", role: guardRole, session: "rollback" });
    await world.settle();
    const stolen = world.announced.find(({ finding }) => finding.evidence.kind === "impersonation");
    assert.equal(stolen?.finding.severity, "CRITICAL");
    const after = (await world.findings()).find(({ evidence }) => evidence.kind === "impersonation");
    assert.equal(after?.state, "open");
  });
});

async function rollBackWith(
  world: World,
  ports: Partial<World["ports"]>,
  settings: Partial<World["settings"]> = {},
): Promise<RollbackOutcome> {
  const hint = { account, name: "AWSBatchServiceRole" };
  return handleRollbackMessage({ hint }, { ...world.ports, ...ports }, { ...world.settings, ...settings });
}
