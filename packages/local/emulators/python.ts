import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { LockTimeoutError, takeProcessLock } from "@drift-guard/infra/process-lock";
import * as z from "zod";

const run = promisify(execFile);

/** No Python 3.10 or later was found; the text says which versions were. */
export class PythonMissingError extends Error {
  override readonly name = "PythonMissingError";
}

/** The emulators could not be installed; the text says why and what to do. */
export class EmulatorInstallError extends Error {
  override readonly name = "EmulatorInstallError";
}

/** A Python with the emulators installed: the program to run, and the environment that it needs. */
export interface EmulatorPython {
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The folder of the local account's files: `.local` in the checkout, ignored by git. */
export const localFolder = join(import.meta.dirname, "../../..", ".local");

/** The configuration of the local account that started last, for commands about its guard. */
export const localConfigFile = join(localFolder, "drift-guard.config.json");

const requirementsFile = join(import.meta.dirname, "requirements.txt");
const candidates = [
  "python3",
  "python",
  "python3.14",
  "python3.13",
  "python3.12",
  "python3.11",
  "python3.10",
];
const lockTimeoutMs = 300_000;

/** Returns the path of a Python 3.10 or later on the PATH. Throws `PythonMissingError`. */
export async function findPython(): Promise<string> {
  const found: string[] = [];
  for (const candidate of candidates) {
    try {
      const program = "import sys; print(sys.executable); print(*sys.version_info[:2], sep='.')";
      const { stdout } = await run(candidate, ["-c", program]);
      const [executable = "", version = ""] = stdout.trim().split(/\r?\n/);
      const [major = 0, minor = 0] = version.split(".").map(Number);
      if (executable && (major > 3 || (major === 3 && minor >= 10))) return executable;
      found.push(`${candidate} is ${version}`);
    } catch {
      // It does not exist, or it launches a version that is not installed: try the next.
    }
  }
  throw new PythonMissingError(
    `The local account needs Python 3.10 or later for its emulators. ${
      found.length > 0 ? `Found only: ${found.join(", ")}.` : "No python3 or python is on the PATH."
    } Install Python from python.org or your system's packages, then try again.`,
  );
}

const Stamp = z.strictObject({
  pins: z.string(),
  executable: z.string(),
  env: z.record(z.string(), z.string()),
});

/**
 * Installs the emulators at their pinned versions into `folder` (default: `localFolder`), unless they are there already.
 * One process installs while others wait. Throws `PythonMissingError` and `EmulatorInstallError`.
 */
export async function installEmulators(
  options: { readonly folder?: string; readonly report?: (line: string) => void } = {},
): Promise<EmulatorPython> {
  const folder = options.folder ?? localFolder;
  const target = join(folder, "emulators");
  const stampFile = join(target, "stamp.json");
  const pins = createHash("sha256")
    .update(await readFile(requirementsFile))
    .digest("hex");

  const installed = await readStamp(stampFile, pins);
  if (installed) return installed;
  const python = await findPython();
  const unlock = await takeInstallLock(folder);
  try {
    const meanwhile = await readStamp(stampFile, pins);
    if (meanwhile) return meanwhile;
    options.report?.("Installing moto and ministack into .local (once, about 30 s) …");
    await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true });
    const emulators = await install(python, target);
    await writeFile(stampFile, JSON.stringify({ pins, ...emulators }));
    return emulators;
  } finally {
    await unlock();
  }
}

async function readStamp(file: string, pins: string): Promise<EmulatorPython | undefined> {
  try {
    const stamp = Stamp.parse(JSON.parse(await readFile(file, "utf8")));
    // The virtual environment's interpreter may have been removed or replaced since.
    if (stamp.pins !== pins || !existsSync(stamp.executable)) return undefined;
    return { executable: stamp.executable, env: stamp.env };
  } catch {
    // The stamp is missing or incomplete, and so is the installation.
    return undefined;
  }
}

async function install(python: string, target: string): Promise<EmulatorPython> {
  const venv = join(target, "venv");
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
  try {
    await run(python, ["-m", "venv", venv]);
  } catch (noVenv) {
    // Debian ships venv without ensurepip; the system's pip can still install into a folder.
    const packages = join(target, "packages");
    await run(python, ["-m", "pip", "--version"]).catch(() => {
      throw new EmulatorInstallError(
        `${python} can neither create a virtual environment nor run pip, so the emulators cannot be installed. ` +
          "Install one of the two (Debian and Ubuntu: apt install python3-venv), then try again.",
        { cause: noVenv },
      );
    });
    await runPip(python, [...pip, "--target", packages, "-r", requirementsFile]);
    return { executable: python, env: { PYTHONPATH: packages } };
  }
  const executable = join(venv, "bin", "python");
  await runPip(executable, [...pip, "-r", requirementsFile]);
  return { executable, env: {} };
}

async function runPip(python: string, args: readonly string[]): Promise<void> {
  try {
    await run(python, [...args], { maxBuffer: 64 << 20 });
  } catch (cause) {
    const stderr = z.object({ stderr: z.string() }).safeParse(cause);
    const lines = (stderr.data?.stderr ?? String(cause)).trim().split("\n");
    throw new EmulatorInstallError(
      `pip of ${python} could not install packages/local/emulators/requirements.txt:\n` +
        `${lines.slice(-5).join("\n")}\n` +
        "Check the network and pip's index settings (pip config list), then try again.",
      { cause },
    );
  }
}

async function takeInstallLock(folder: string): Promise<() => Promise<void>> {
  try {
    return await takeProcessLock(join(folder, "install.lock"), lockTimeoutMs);
  } catch (cause) {
    if (!(cause instanceof LockTimeoutError)) throw cause;
    throw new EmulatorInstallError(`Cannot install the emulators. ${cause.message}`, { cause });
  }
}
