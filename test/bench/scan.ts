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
// many roles should take about ten times as long. Every tenth role has a policy that its reference does not allow.

const policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

function createRole(number: number): RoleDetail {
  const name = `batch-job-${number}`;
  const extra = {
    PolicyName: "extra",
    PolicyDocument: JSON.parse(allow("s3:DeleteObject", `arn:aws:s3:::${name}/*`)),
  };
  return {
    RoleName: name,
    RoleId: `AROA${String(number).padStart(16, "0")}`,
    Arn: `arn:aws:iam::${account}:role/${name}`,
    Path: "/",
    AssumeRolePolicyDocument: JSON.parse(trustOf("ecs-tasks.amazonaws.com")),
    RolePolicyList: number % 10 === 0 ? [extra] : [],
    AttachedManagedPolicies: [{ PolicyName: "AmazonECSTaskExecutionRolePolicy", PolicyArn: policy }],
    InstanceProfileList: [],
    Tags: [],
  };
}

/** The output of `get-account-authorization-details`, and a configuration that names every role in it. */
function createAccount(count: number): { readonly snapshot: string; readonly config: string } {
  const roles = Array.from({ length: count }, (_, number) => createRole(number));
  const named = Object.fromEntries(
    roles.map(({ RoleName }) => [RoleName, { reference: "ecsTaskExecutionRole" }]),
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
      // 1 is drift, which every tenth role has.
      if (!(error instanceof Error && "status" in error && error.status === 1)) throw error;
    }
    const time = performance.now() - began;
    console.log(`the command check --json on ${count} roles, with its start: ${(time / 1000).toFixed(2)} s`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
