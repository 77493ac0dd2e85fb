import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../packages/cli/main.ts", import.meta.url));

/** What a run of the CLI came to. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the CLI is run; what is left out is as in an ordinary shell whose output goes to a pipe. */
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Options of Node's own. */
  readonly node?: readonly string[];
  /** Stops reading after the first piece of output, as `head` does. */
  readonly leaveEarly?: boolean;
}

/** Starts the real CLI as a process of its own, without any credentials or settings of whoever runs the tests. */
export function startCli(
  args: readonly string[],
  { node = [], env = {}, cwd = tmpdir() }: RunOptions = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [...node, main, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true", ...env },
    stdio: "pipe",
  });
}

/** Settles with the exit code of a process when it has ended. */
export function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

/** Runs the CLI to its end. */
export async function runCli(args: readonly string[], around: RunOptions = {}): Promise<Run> {
  const child = startCli(args, around);
  // A command that does not read its input closes it.
  child.stdin.on("error", () => {});
  child.stdin.end(around.input ?? "");
  if (around.leaveEarly) child.stdout.once("data", () => child.stdout.destroy());
  const [stdout, stderr, code] = await Promise.all([
    around.leaveEarly ? "" : text(child.stdout),
    text(child.stderr),
    endOf(child),
  ]);
  return { code, stdout, stderr };
}

/** A file with this content, in a new folder of the system's for temporary ones. */
export async function writeTemporary(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "drift-guard-test-")), name);
  await writeFile(file, content);
  return file;
}
