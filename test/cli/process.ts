import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../packages/cli/main.ts", import.meta.url));

/** The result of one run of `drift-guard`. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a run. By default, a run has no input, an almost empty environment, and pipes for its output. */
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Options for Node. */
  readonly node?: readonly string[];
  /** Closes standard output after the first chunk, as `head` does. */
  readonly leaveEarly?: boolean;
}

/** Starts `drift-guard` as a process, without the credentials and settings of the person who runs the tests. */
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

/** Resolves to the exit code of a process when the process has ended. Rejects with the process's `error` event. */
export function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

/** Runs `drift-guard` until it ends. */
export async function runCli(args: readonly string[], around: RunOptions = {}): Promise<Run> {
  const child = startCli(args, around);
  // A command that does not read its input closes the pipe, and writing to a closed pipe is an error.
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

/** Returns a text on one line: each run of white space, line breaks included, becomes one space. */
export function unwrap(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** Writes a file into a new temporary folder and returns its path. */
export async function writeTemporary(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "drift-guard-test-")), name);
  await writeFile(file, content);
  return file;
}
