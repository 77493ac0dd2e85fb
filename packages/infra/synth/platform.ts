import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** SST's platform could not be installed; the text ends with what `sst install` said. */
export class PlatformInstallError extends Error {
  override readonly name = "PlatformInstallError";
}

/** The folder that holds sst.config.ts. */
export const repositoryRoot = resolve(import.meta.dirname, "../../..");

const platform = join(repositoryRoot, ".sst/platform");
const lock = join(repositoryRoot, ".sst/install.lock");
const patienceMs = 5 * 60_000;
const sst = createRequire(import.meta.url).resolve("sst");

/**
 * Installs SST's platform (its components, and Pulumi's libraries) into `.sst/platform`, once for each version of SST,
 * and gives its folder. Needs npm and its registry alone: no AWS, no Pulumi. Throws `PlatformInstallError`.
 */
export async function installPlatform(
  options: { readonly report?: (line: string) => void } = {},
): Promise<string> {
  const version = await readSstVersion();
  const deadline = Date.now() + patienceMs;
  while (!(await isInstalled(version))) {
    if (!(await takeLock())) {
      if (Date.now() > deadline)
        throw new PlatformInstallError(
          "Another process has been installing SST's platform for five minutes.\nEnd it, remove .sst/install.lock and try again.",
        );
      await pause(250);
      continue;
    }
    try {
      options.report?.(`Installing SST ${version}'s platform into .sst/platform (about half a minute, once)`);
      await runInstall();
      if (!(await isInstalled(version)))
        throw new PlatformInstallError(
          `sst install ended well, but .sst/platform is not complete for SST ${version}.\nRemove the folder .sst and try again.`,
        );
    } finally {
      await rm(lock, { force: true });
    }
  }
  return platform;
}

async function readSstVersion(): Promise<string> {
  const text = await readFile(resolve(sst, "../../package.json"), "utf8");
  const manifest: unknown = JSON.parse(text);
  if (manifest instanceof Object && "version" in manifest && typeof manifest.version === "string")
    return manifest.version;
  throw new PlatformInstallError("node_modules/sst has no version.\nRun npm ci and try again.");
}

async function isInstalled(version: string): Promise<boolean> {
  // npm writes this file last, so an install that was interrupted is not taken for whole.
  const complete = existsSync(join(platform, "node_modules/.package-lock.json"));
  const installed = await readFile(join(platform, "version"), "utf8").catch(() => "");
  return complete && installed.trim() === version;
}

/** Test files run side by side: one of them installs, the others wait. */
async function takeLock(): Promise<boolean> {
  await mkdir(join(repositoryRoot, ".sst"), { recursive: true });
  try {
    const file = await open(lock, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch {
    const holder = Number(await readFile(lock, "utf8").catch(() => ""));
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function runInstall(): Promise<void> {
  const child = spawn(process.execPath, [resolve(sst, "../../bin/sst.mjs"), "install", "--stage", "ci"], {
    cwd: repositoryRoot,
    // SST looks for Pulumi and bun on GitHub unless told not to; neither is needed to read or check the stack.
    env: {
      ...process.env,
      SST_SKIP_DEPENDENCY_CHECK: "1",
      SST_NO_BUN: "1",
      SST_TELEMETRY_DISABLED: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  const [code] = await once(child, "close");
  if (code !== 0)
    throw new PlatformInstallError(
      `sst install failed with exit code ${code}; it needs npm and the npm registry.\n${said.trim().split("\n").slice(-20).join("\n")}`,
    );
}

if (import.meta.main) await installPlatform({ report: console.log });
