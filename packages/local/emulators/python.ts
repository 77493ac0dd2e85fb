import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { LockTimeoutError, takeProcessLock } from "@drift-guard/infra/process-lock";
import * as z from "zod";

const run = promisify(execFile);

/** No Python that the emulators can run on was found. */
export class PythonMissingError extends Error {
  override readonly name = "PythonMissingError";
}

/** The emulators could not be installed. */
export class EmulatorInstallError extends Error {
  override readonly name = "EmulatorInstallError";
}

/** A Python that has the emulators: what to run, and the environment it needs for that. */
export interface EmulatorPython {
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where everything of the local account lives: at the checkout's root, unknown to git. */
export const localFolder = join(import.meta.dirname, "../../..", ".local");

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

/** Finds a Python of version 3.10 or later on the PATH. Throws `PythonMissingError`. */
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
      // Not there, or a launcher of a version that is not installed: the next may do.
    }
  }
  throw new PythonMissingError(
    `The local account runs on two emulators that need Python 3.10 or later. ${
      found.length > 0 ? `Found only: ${found.join(", ")}.` : "No python3 or python is on the PATH."
    } Install one from python.org or your system's packages, then try again.`,
  );
}

const Stamp = z.strictObject({
  pins: z.string(),
  executable: z.string(),
  env: z.record(z.string(), z.string()),
});

/**
 * Installs the emulators at their pinned versions into `folder`, or takes those that are there at the same pins.
 * One process installs, others wait for it. Throws `PythonMissingError` and `EmulatorInstallError`.
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
    options.report?.("Installing the emulators moto and ministack into .local (once, half a minute or so) …");
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
    // The interpreter behind a virtual environment may have been removed or replaced since.
    if (stamp.pins !== pins || !existsSync(stamp.executable)) return undefined;
    return { executable: stamp.executable, env: stamp.env };
  } catch {
    // No stamp, or none that was written whole: nothing that can be relied on is installed.
    return undefined;
  }
}

async function install(python: string, target: string): Promise<EmulatorPython> {
  const venv = join(target, "venv");
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
  try {
    await run(python, ["-m", "venv", venv]);
  } catch (noVenv) {
    // Debian ships venv without ensurepip; a pip of the system's own can still fill a folder.
    const packages = join(target, "packages");
    await run(python, ["-m", "pip", "--version"]).catch(() => {
      throw new EmulatorInstallError(
        `${python} can neither make a virtual environment nor run pip, so moto and ministack cannot be installed. ` +
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
      `pip could not install the emulators of packages/local/emulators/requirements.txt with ${python}:\n` +
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
    throw new EmulatorInstallError(`The emulators could not be installed. ${cause.message}`, { cause });
  }
}
