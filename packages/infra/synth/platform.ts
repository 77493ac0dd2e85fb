import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { LockTimeoutError, takeProcessLock } from "../process-lock.ts";

/** SST's platform could not be installed. If `sst install` failed, the message ends with its last lines of output. */
export class PlatformInstallError extends Error {
  override readonly name = "PlatformInstallError";
}

/** The folder that holds sst.config.ts. */
export const repositoryRoot = resolve(import.meta.dirname, "../../..");

const platform = join(repositoryRoot, ".sst/platform");
const lockFile = join(repositoryRoot, ".sst/install.lock");
const lockTimeoutMs = 5 * 60_000;
const sst = createRequire(import.meta.url).resolve("sst");

/**
 * Installs SST's platform (its components and Pulumi's libraries) into `.sst/platform`, once for each version of SST,
 * and returns that folder. Needs npm and its registry, but neither AWS nor Pulumi. One process installs, others wait
 * for it. Throws `PlatformInstallError`.
 */
export async function installPlatform(
  options: { readonly report?: (line: string) => void } = {},
): Promise<string> {
  const version = await readSstVersion();
  if (await isInstalled(version)) return platform;
  const unlock = await takeInstallLock();
  try {
    if (await isInstalled(version)) return platform;
    options.report?.(`Installing SST ${version}'s platform into .sst/platform (once, about half a minute)`);
    await runInstall();
    if (!(await isInstalled(version)))
      throw new PlatformInstallError(
        `sst install succeeded, but .sst/platform is incomplete for SST ${version}.\nRemove the folder .sst and try again.`,
      );
    return platform;
  } finally {
    await unlock();
  }
}

async function takeInstallLock(): Promise<() => Promise<void>> {
  try {
    return await takeProcessLock(lockFile, lockTimeoutMs);
  } catch (cause) {
    if (!(cause instanceof LockTimeoutError)) throw cause;
    throw new PlatformInstallError(`SST's platform could not be installed. ${cause.message}`, { cause });
  }
}

async function readSstVersion(): Promise<string> {
  const text = await readFile(resolve(sst, "../../package.json"), "utf8");
  const manifest: unknown = JSON.parse(text);
  if (manifest instanceof Object && "version" in manifest && typeof manifest.version === "string")
    return manifest.version;
  throw new PlatformInstallError("node_modules/sst/package.json has no version.\nRun npm ci and try again.");
}

async function isInstalled(version: string): Promise<boolean> {
  // npm writes this file last. If it is missing, no installation has been completed.
  const complete = existsSync(join(platform, "node_modules/.package-lock.json"));
  const installed = await readFile(join(platform, "version"), "utf8").catch(() => "");
  return complete && installed.trim() === version;
}

async function runInstall(): Promise<void> {
  const child = spawn(process.execPath, [resolve(sst, "../../bin/sst.mjs"), "install", "--stage", "ci"], {
    cwd: repositoryRoot,
    // By default SST downloads Pulumi and bun from GitHub. Neither is needed to check or synthesise the stack.
    env: {
      ...process.env,
      SST_SKIP_DEPENDENCY_CHECK: "1",
      SST_NO_BUN: "1",
      SST_TELEMETRY_DISABLED: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const [code] = await once(child, "close");
  if (code !== 0)
    throw new PlatformInstallError(
      `sst install failed with exit code ${code}; it needs npm and the npm registry.\n${output.trim().split("\n").slice(-20).join("\n")}`,
    );
}

if (import.meta.main) await installPlatform({ report: console.log });
