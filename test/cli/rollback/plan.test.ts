import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollbackPlanOutput } from "drift-guard/output/rollback";
import { account } from "../../builders.ts";
import { readOutput } from "../outputs.ts";
import { printAt, runCli, unwrap, writeTemporary } from "../process.ts";
import { printSnapshot, rolesWith } from "../snapshots.ts";

import { findingId, name, writeAccount, writeStores } from "./drifted-role.ts";

describe("rollback plan", () => {
  it("shows each step with what it expects, its grants and its command, and changes nothing", async () => {
    const file = await writeAccount();
    const { code, stdout, stderr } = await runCli(["rollback", "plan", name, "--account", file]);
    assert.deepEqual([code, stderr], [1, ""]);
    const said = unwrap(stdout);
    assert.match(
      said,
      /1\. iam:DeleteRolePolicy: .* Expects: The inline policy rogue .* - iam:\* on \* aws iam delete-role-policy/,
    );
    assert.match(said, /2\. iam:AttachRolePolicy: .* \+ autoscaling:CreateAutoScalingGroup and 60 more/);
    assert.match(
      stdout,
      /^ {5}aws iam attach-role-policy --role-name AWSBatchServiceRole --policy-arn \S+$/m,
    );
    assert.match(said, /The guard does not roll it back: the configuration turns rollback of "excess" off\./);
    assert.match(said, /Nothing was changed\. The role was read from a file/);
  });

  for (const columns of [80, 120]) {
    it(`fits ${columns} columns, apart from commands and names`, async () => {
      const file = await writeAccount();
      const lines = await printAt(columns, ["rollback", "plan", name, "--account", file]);
      const long = lines.filter((line) => line.length > columns);
      assert.deepEqual(
        long.filter((line) => !line.startsWith("     aws iam ")),
        [],
      );
    });
  }

  it("prints the same as JSON, the worst drift first", async () => {
    const file = await writeAccount();
    const { code, stdout } = await runCli(["rollback", "plan", name, "--account", file, "--json"]);
    assert.equal(code, 1);
    const { drifts, steps, plan, control, changed } = readOutput(RollbackPlanOutput, stdout);
    assert.deepEqual([changed, control, plan?.length], [false, undefined, 64]);
    assert.deepEqual(
      drifts.map(({ drift, guard, planned }) => [drift.side, guard.kind, planned]),
      [
        ["excess", "off", true],
        ["missing", "off", true],
      ],
    );
    assert.deepEqual(
      steps.map(({ call, gains, losses }) => [call, gains.length > 0, losses.length > 0]),
      [
        ["iam:DeleteRolePolicy", false, true],
        ["iam:AttachRolePolicy", true, false],
      ],
    );
  });

  it("restores nothing while a stranger could get it, unless you insist", async () => {
    const trust = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "batch.amazonaws.com" }, Action: "sts:AssumeRole" },
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
      ],
    };
    const roles = rolesWith(name, { AttachedManagedPolicies: [], AssumeRolePolicyDocument: trust });
    const plan = [
      "rollback",
      "plan",
      name,
      "--account",
      await writeTemporary("a.json", printSnapshot(roles)),
    ];
    const careful = unwrap((await runCli(plan)).stdout);
    assert.match(
      careful,
      /No step below repairs it, because that is not safe\. The trust policy .* With --force,/,
    );
    assert.doesNotMatch(careful, /iam:AttachRolePolicy:/);
    const insisting = unwrap((await runCli([...plan, "--force"])).stdout);
    assert.match(insisting, /You insist on it although it is not safe\. The trust policy/);
    assert.match(insisting, /1\. iam:UpdateAssumeRolePolicy: .* 2\. iam:AttachRolePolicy:/);
  });

  it("plans one finding alone, by the first characters of its id", async () => {
    const [file, database] = [await writeAccount(), await writeStores({ paused: false })];
    const run = await runCli([
      ...["rollback", "plan", findingId.slice(0, 8), "--account", file],
      ...["--findings", database, "--json"],
    ]);
    assert.equal(run.stderr, "");
    const { drifts, steps, control } = readOutput(RollbackPlanOutput, run.stdout);
    assert.deepEqual([drifts.map(({ finding }) => finding), control], [[findingId], database]);
    assert.deepEqual(
      steps.map(({ call }) => call),
      ["iam:AttachRolePolicy"],
    );
  });

  it("knows what AWS Batch uses a role for, from its describe calls", async () => {
    const [example] = rolesWith("ecsTaskExecutionRole", {}).filter(
      ({ RoleName }) => RoleName === "ecsTaskExecutionRole",
    );
    assert.ok(example);
    const arn = `arn:aws:iam::${account}:role/Execution`;
    const used = { ...example, RoleName: "Execution", Arn: arn, AttachedManagedPolicies: [] };
    const file = await writeTemporary("account.json", printSnapshot([used]));
    const definition = {
      jobDefinitionName: "render",
      jobDefinitionArn: `arn:aws:batch:us-east-1:${account}:job-definition/render:3`,
      revision: 3,
      status: "ACTIVE",
      type: "container",
      containerProperties: { image: "busybox", executionRoleArn: arn },
    };
    const batch = await writeTemporary("batch.json", JSON.stringify({ jobDefinitions: [definition] }));
    const plan = ["rollback", "plan", "Execution"];
    const unknown = await runCli([...plan, "--account", file]);
    assert.match(unwrap(unknown.stderr), /Execution is not a watched role/);
    const { stdout, stderr } = await runCli([...plan, "--account", file, "--batch", batch]);
    assert.equal(stderr, "");
    assert.match(stdout, /missing +managed/);
    const alone = await runCli([...plan, "--batch", batch]);
    assert.match(unwrap(alone.stderr), /--batch goes with --account/);
    const both = await runCli([...plan, "--account", "-", "--batch", "-"]);
    assert.match(unwrap(both.stderr), /either --account or --batch, not both/);
  });

  it("has no step for a role without drift", async () => {
    const file = await writeTemporary("account.json", printSnapshot(rolesWith(name, {})));
    const { code, stdout } = await runCli(["rollback", "plan", name, "--account", file]);
    assert.equal(code, 0);
    assert.match(
      unwrap(stdout),
      /The role has no drift\. Nothing was changed\. There is no step to carry out\./,
    );
  });

  it("says that a rollback creates no role", async () => {
    const file = await writeTemporary(
      "account.json",
      printSnapshot(rolesWith(name, {}).filter(({ RoleName }) => RoleName !== name)),
    );
    const { code, stdout } = await runCli(["rollback", "plan", name, "--account", file]);
    assert.equal(code, 0);
    assert.match(
      unwrap(stdout),
      /does not exist, and nothing is known to need it\. A rollback creates no role: npx drift-guard ensure AWSBatchServiceRole/,
    );
  });

  it("refuses what is no watched role, and an id without a guard", async () => {
    const file = await writeAccount();
    const of = async (asked: string) =>
      unwrap((await runCli(["rollback", "plan", asked, "--account", file])).stderr);
    assert.match(await of("Nobody"), /Nobody is not a watched role/);
    assert.match(await of("abcdef12"), /name the guard that stores the finding: --stage NAME/);
    assert.match(
      await of("arn:aws:iam::999988887777:role/AWSBatchServiceRole"),
      /is of another account than 123456789012/,
    );
  });

  it("takes either a deployed guard or an embedded one", async () => {
    const { code, stderr } = await runCli([
      ...["rollback", "plan", name, "--stage", "production", "--findings", "x.sqlite"],
    ]);
    assert.equal(code, 2);
    assert.match(
      unwrap(stderr),
      /--stage names a deployed guard, and --findings the file of an embedded one/,
    );
  });
});

describe("check of a role whose sessions a rollback ended", () => {
  it("says what the policy looks like, and what shows whose it is", async () => {
    const statement = {
      Effect: "Deny",
      Action: ["*"],
      Resource: ["*"],
      Condition: { DateLessThan: { "aws:TokenIssueTime": "2026-11-22T12:00:00Z" } },
    };
    const revoked = {
      PolicyName: "DriftGuardRevokedSessions-20261122T120000Z",
      PolicyDocument: { Version: "2012-10-17", Statement: [statement] },
    };
    const file = await writeTemporary(
      "account.json",
      printSnapshot(rolesWith(name, { RolePolicyList: [revoked] })),
    );
    const { code, stdout } = await runCli(["check", name, "--account", file]);
    assert.equal(code, 1);
    assert.match(
      unwrap(stdout),
      /By its name, it is a policy .* rollback status AWSBatchServiceRole --stage/,
    );
  });
});
