import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@drift-guard/core/config/config";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { readSnapshot } from "@drift-guard/embedded/snapshot";
import { checkRole } from "drift-guard/role-check";
import { account, allow, trustOf } from "../builders.ts";
import { printSnapshot, type RoleDetail } from "../cli/snapshots.ts";

// Usage: node test/bench/scan.ts. Prints the times of a check of 100 to 100,000 roles, and how they grow: ten times as
// many roles should take about ten times as long.
//
// The roles are execution roles as a large account has them. Each has its own name, and of ten roles:
// - five have the managed policy alone, and three also an inline policy for the bucket of their own job, which the
//   configuration allows by its name; one of these eight writes its trust in another form. They are clean.
// - one has an inline policy for its own bucket that nothing allows, and another trust: drift with documents of its own.
// - one has the same inline policy as every tenth role, which completes a path of escalation: drift with a known document.

const policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

const service = "ecs-tasks.amazonaws.com";
const trust = JSON.parse(trustOf(service));
const trustInLists = {
  Version: "2012-10-17",
  Statement: [
    { Sid: "Tasks", Effect: "Allow", Principal: { Service: [service] }, Action: ["sts:AssumeRole"] },
  ],
};
const trustOfStranger = {
  ...trust,
  Statement: [
    ...trust.Statement,
    { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
  ],
};

function createRole(number: number): RoleDetail {
  const name = `batch-job-${number}`;
  const kind = number % 10;
  const inline = (PolicyName: string, text: string) => ({ PolicyName, PolicyDocument: JSON.parse(text) });
  const bucket = `arn:aws:s3:::${name}/*`;
  const policies =
    kind === 0
      ? [inline("extra", allow("s3:DeleteObject", bucket))]
      : kind === 1
        ? [inline("deployment", allow(["iam:PassRole", "ecs:RunTask"]))]
        : kind <= 4
          ? [inline("job-data", allow(["s3:GetObject", "s3:PutObject"], bucket))]
          : [];
  return {
    RoleName: name,
    RoleId: `AROA${String(number).padStart(16, "0")}`,
    Arn: `arn:aws:iam::${account}:role/${name}`,
    Path: "/",
    AssumeRolePolicyDocument: kind === 0 ? trustOfStranger : kind === 5 ? trustInLists : trust,
    RolePolicyList: policies,
    AttachedManagedPolicies: [{ PolicyName: "AmazonECSTaskExecutionRolePolicy", PolicyArn: policy }],
    InstanceProfileList: [],
    Tags: [],
  };
}

/** The output of `get-account-authorization-details`, and a configuration that names every role in it. */
function createAccount(count: number): { readonly snapshot: string; readonly config: string } {
  const roles = Array.from({ length: count }, (_, number) => createRole(number));
  const named = Object.fromEntries(
    roles.map(({ RoleName }) => [
      RoleName,
      { reference: "ecsTaskExecutionRole", allowedPolicies: ["job-*"] },
    ]),
  );
  return { snapshot: printSnapshot(roles), config: JSON.stringify({ roles: named }) };
}

/** Returns the processor time of this process in milliseconds, which other work on the machine disturbs least. */
async function clock(work: () => Promise<void> | void): Promise<number> {
  const began = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

async function scan(texts: ReturnType<typeof createAccount>): Promise<Readonly<Record<string, number>>> {
  let config = defineConfig({ roles: {} });
  const configuration = await clock(() => {
    config = defineConfig(JSON.parse(texts.config));
  });
  let snapshot = readSnapshot(texts.snapshot, "account.json");
  const reading = await clock(() => {
    snapshot = readSnapshot(texts.snapshot, "account.json");
  });
  const comparison = await clock(async () => {
    for (const watched of listWatchedRoles({ config })) await checkRole(watched, { ...snapshot, config });
  });
  return { configuration, reading, comparison, all: configuration + reading + comparison };
}

await scan(createAccount(1000));
let before: Readonly<Record<string, number>> | undefined;
for (const count of [100, 1000, 10_000, 100_000]) {
  const times = await scan(createAccount(count));
  const columns = Object.entries(times).map(([name, time]) => {
    const earlier = before?.[name];
    const growth = earlier === undefined ? "" : ` (x ${(time / earlier).toFixed(1)})`;
    return `${name} ${time.toFixed(0)} ms${growth}`.padEnd(32);
  });
  console.log(`${`${count} roles`.padEnd(14)}${columns.join("")}`.trimEnd());
  before = times;
}

const folder = mkdtempSync(join(tmpdir(), "drift-guard-bench-"));
try {
  for (const count of [100, 10_000]) {
    const { snapshot, config } = createAccount(count);
    const [accountFile, configFile] = [join(folder, "account.json"), join(folder, "config.json")];
    writeFileSync(accountFile, snapshot);
    writeFileSync(configFile, config);
    const began = performance.now();
    try {
      const main = join(import.meta.dirname, "../../packages/cli/main.ts");
      execFileSync(
        process.execPath,
        [main, "check", "--account", accountFile, "--config", configFile, "--json"],
        {
          stdio: "ignore",
        },
      );
    } catch (error) {
      // 1 is drift, which two of ten roles have.
      if (!(error instanceof Error && "status" in error && error.status === 1)) throw error;
    }
    const time = performance.now() - began;
    console.log(`the command check --json on ${count} roles, with its start: ${(time / 1000).toFixed(2)} s`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
