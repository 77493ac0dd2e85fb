import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CheckOutput } from "drift-guard/output/check";
import { account } from "../builders.ts";
import { readOutput } from "./outputs.ts";
import { type RunOptions, runCli, unwrap, writeTemporary } from "./process.ts";
import { cleanRoles, printSnapshot, type RoleDetail } from "./snapshots.ts";

const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-AbCdEf`;
const arnOf = (name: string, owner = account) => `arn:aws:iam::${owner}:role/${name}`;

/** The roles of the guide, and an execution role of another name that a job definition uses. */
function rolesInUse(owner = account): readonly RoleDetail[] {
  const roles = cleanRoles().map((role) => ({ ...role, Arn: role.Arn.replace(account, owner) }));
  const [example] = roles.filter(({ RoleName }) => RoleName === "ecsTaskExecutionRole");
  assert.ok(example);
  return [
    ...roles,
    { ...example, RoleName: "Execution", RoleId: "AROAEXECUTION", Arn: arnOf("Execution", owner) },
  ];
}

const definitions = JSON.stringify({
  jobDefinitions: [
    {
      jobDefinitionName: "render",
      jobDefinitionArn: `arn:aws:batch:us-east-1:${account}:job-definition/render:3`,
      revision: 3,
      status: "ACTIVE",
      type: "container",
      containerProperties: {
        image: "busybox",
        executionRoleArn: arnOf("Execution"),
        secrets: [{ name: "DB", valueFrom: secret }],
      },
    },
  ],
});
const environments = JSON.stringify({
  computeEnvironments: [
    {
      computeEnvironmentName: "prod",
      computeEnvironmentArn: `arn:aws:batch:us-east-1:${account}:compute-environment/prod`,
      type: "MANAGED",
      state: "ENABLED",
      status: "VALID",
      serviceRole: arnOf("AWSBatchServiceRole"),
    },
  ],
});
const queues = JSON.stringify({ jobQueues: [] });

async function check(
  args: readonly string[],
  { roles = rolesInUse(), ...around }: RunOptions & { readonly roles?: readonly RoleDetail[] } = {},
) {
  const file = await writeTemporary("account.json", printSnapshot(roles));
  return runCli(["check", "--account", file, ...args], around);
}

const batchFile = (text = `${environments}\n${definitions}\n${queues}`) => writeTemporary("batch.json", text);

describe("check on files of the account and of AWS Batch", () => {
  it("says in one line that AWS Batch was not read, and how it can be", async () => {
    const { code, stdout } = await check([]);
    assert.equal(code, 0);
    assert.equal(stdout.match(/AWS Batch of account/g)?.length, 1);
    assert.match(
      unwrap(stdout),
      /AWS Batch of account \d{12} was not read \(--batch FILE takes the output of its describe calls\)\./,
    );
    assert.doesNotMatch(stdout, /Execution /);
  });

  it("checks the roles that AWS Batch uses, with what job definitions need", async () => {
    const { code, stdout, stderr } = await check(["--batch", await batchFile()]);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^Execution {2}drift$/m);
    assert.match(
      unwrap(stdout),
      /missing permissions .*secretsmanager:GetSecretValue on arn:aws:secretsmanager/,
    );
    assert.match(unwrap(stdout), /AWS Batch \(\S+batch\.json\) was read in us-east-1\./);
    // No command shows a reference that was composed from the duties of a role.
    assert.doesNotMatch(stdout, /Next: .*Execution/);
  });

  it("takes several files, and standard input", async () => {
    const files = await Promise.all(
      [environments, definitions].map((text) => writeTemporary("part.json", text)),
    );
    const args = files.flatMap((file) => ["--batch", file]);
    const { code, stdout } = await check([...args, "--json"]);
    assert.equal(code, 1);
    const [batch] = readOutput(CheckOutput, stdout).batch;
    assert.deepEqual([batch?.from, batch?.regions], [files, ["us-east-1"]]);
    assert.deepEqual(batch?.absent, ["aws batch describe-job-queues"]);
    const piped = await check(["--batch", "-"], { input: definitions });
    assert.match(
      unwrap(piped.stdout),
      /Without the output of .*describe-compute-environments and .*uses may be missing/,
    );
    const both = await runCli(["check", "-", "--batch", "-"]);
    assert.match(unwrap(both.stderr), /either --account or --batch, not both/);
  });

  it("exits 2 if the output is cut and nothing is wrong otherwise", async () => {
    const cut = JSON.stringify({ ...JSON.parse(environments), NextToken: "more" });
    const { code, stdout } = await check(["--batch", await batchFile(cut)]);
    assert.equal(code, 2);
    assert.match(
      unwrap(stdout),
      /describe-compute-environments is cut\. Create it again without --max-items/,
    );
  });

  it("checks one role that AWS Batch uses, by its name or its ARN", async () => {
    for (const text of ["Execution", arnOf("Execution"), arnOf("team/Execution")]) {
      const { code, stdout } = await check(["--batch", await batchFile(), text, "--json"]);
      assert.equal(code, 1);
      const { roles } = readOutput(CheckOutput, stdout);
      assert.deepEqual(
        roles.map(({ role, discovered }) => [role, discovered]),
        [["Execution", true]],
      );
    }
    const byArn = await check([arnOf("AWSBatchServiceRole")]);
    assert.deepEqual([byArn.code, byArn.stderr], [0, ""]);
  });

  it("says why a role cannot be checked", async () => {
    const unread = await check(["Execution"]);
    assert.equal(unread.code, 2);
    assert.match(
      unwrap(unread.stderr),
      /Execution is not a watched role\. .* A role that AWS Batch uses is found with --batch FILE\./,
    );
    const unused = await check(["--batch", await batchFile(), "Other"]);
    assert.equal(unused.code, 2);
    assert.match(
      unwrap(unused.stderr),
      /Other is not a watched role\. .* AWS Batch does not use it as far as it was read/,
    );
    const foreign = await check(["--batch", await batchFile(), arnOf("Execution", "210987654321")]);
    assert.equal(foreign.code, 2);
    assert.match(unwrap(foreign.stderr), /is of another account than 123456789012/);
  });

  it("refuses AWS Batch of another account than the roles", async () => {
    const { code, stderr } = await check(["--batch", await batchFile()], {
      roles: rolesInUse("210987654321"),
    });
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /describes account 123456789012, and the roles are of 210987654321/);
  });

  it("gives each account of a file its own part of AWS Batch (T18)", async () => {
    const roles = [...rolesInUse(), ...rolesInUse("210987654321")];
    const { stdout } = await check(["--batch", await batchFile(), "--json"], { roles });
    const found = readOutput(CheckOutput, stdout).roles.filter(({ discovered }) => discovered);
    assert.deepEqual(
      found.map((role) => [role.account, role.role]),
      [[account, "Execution"]],
    );
  });
});
