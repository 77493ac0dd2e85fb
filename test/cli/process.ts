import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { runProgram } from "drift-guard/program";

/** The path of the program that `drift-guard` runs. */
export const mainFile = fileURLToPath(new URL("../../packages/cli/main.ts", import.meta.url));

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
}

/** Options of a run in a process of its own. */
export interface ProcessOptions extends RunOptions {
  /** Options for Node. */
  readonly node?: readonly string[];
  /** Closes standard output after the first chunk, as `head` does. */
  readonly leaveEarly?: boolean;
}

/** Starts `drift-guard` as a process, without the credentials and settings of the person who runs the tests. */
export function startCli(
  args: readonly string[],
  { node = [], env = {}, cwd = tmpdir() }: ProcessOptions = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [...node, mainFile, ...args], {
    cwd,
    env: makeEnvironment(env),
    stdio: "pipe",
  });
}

function makeEnvironment(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { PATH: process.env.PATH ?? "", HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true", ...env };
}

/** Resolves to the exit code of a process when the process has ended. Rejects with the process's `error` event. */
export function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

/** Runs `drift-guard` as a process until it ends. */
export async function runProcess(args: readonly string[], around: ProcessOptions = {}): Promise<Run> {
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

let lastRun: Promise<unknown> = Promise.resolve();

/**
 * Runs `drift-guard` in this process, which starts faster than a process of its own. The run has the working directory,
 * environment and streams that `runProcess` would have, so runs wait for each other.
 */
export function runCli(args: readonly string[], around: RunOptions = {}): Promise<Run> {
  const run = lastRun.then(() => runHere(args, around));
  lastRun = run.catch(() => {});
  return run;
}

async function runHere(
  args: readonly string[],
  { input = "", env = {}, cwd = tmpdir() }: RunOptions,
): Promise<Run> {
  const before = { cwd: process.cwd(), env: { ...process.env }, exitCode: process.exitCode };
  const [stdout, stderr] = [new Capture(), new Capture()];
  process.chdir(cwd);
  replaceEnvironment(makeEnvironment(env));
  try {
    const code = await runProgram(args, {
      stdin: Readable.from(cutChunks(Buffer.from(input))),
      stdout,
      stderr,
    });
    return { code, stdout: stdout.read(), stderr: stderr.read() };
  } finally {
    process.chdir(before.cwd);
    replaceEnvironment(before.env);
    process.exitCode = before.exitCode;
  }
}

/**
 * Returns the lines that a command prints on a terminal of some columns, and of some rows, without their colours. `onPrint`
 * is called at each write.
 */
export async function printAt(
  columns: number,
  args: readonly string[],
  { rows, onPrint }: { readonly rows?: number; readonly onPrint?: () => void } = {},
): Promise<readonly string[]> {
  const chunks: string[] = [];
  const open = () =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          chunks.push(String(chunk));
          onPrint?.();
          done();
        },
      }),
      { columns, rows, isTTY: true },
    );
  const { exitCode } = process;
  await runProgram(args, { stdin: Readable.from([]), stdout: open(), stderr: open() });
  process.exitCode = exitCode;
  return stripVTControlCharacters(chunks.join("")).split("\n");
}

function replaceEnvironment(env: Readonly<NodeJS.ProcessEnv>): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
}

/** A stream that keeps what is written to it. */
class Capture extends Writable {
  readonly #chunks: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
  /** Returns the text so far. */
  read(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

// A pipe holds 64 KiB.
function* cutChunks(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
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
