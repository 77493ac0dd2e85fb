import { spawn } from "node:child_process";
import { globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { run as runTests } from "node:test";
import { spec } from "node:test/reporters";
import { installEmulators } from "@drift-guard/local/emulators/python";
import { installPlatform } from "../packages/infra/synth/platform.ts";

// Most test files are a process and many start the command line: compiled modules are kept for the next one.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "../node_modules/.cache/compile");

/** What a program printed, and why it failed if it did. */
interface Outcome {
  readonly shown: string;
  readonly failure?: string;
}

/** One check beside the tests, and what it verifies. */
interface Check {
  readonly verifies: string;
  readonly run: () => Promise<Outcome>;
}

/** Runs a program of node_modules/.bin. Rejects if it cannot be started. */
function runProgram(program: string, ...parameters: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    let shown = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        shown += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) =>
      resolve(code === 0 ? { shown } : { shown, failure: `${program} ended with exit code ${code}` }),
    );
  });
}

// The longest files start first, so that no worker is left with one of them at the end.
const longest = [
  /test\/policy\/laws/,
  /test\/emulated\/rollback/,
  /test\/guard\//,
  /emulated/,
  /test\/policy\/.*(?:propert|drawn|hostile|latent|effort)/,
  /test\/core\//,
  /test\/infra\/stack/,
  /test\/(?:policy|cli)\//,
];

// An emulated test waits for most of its time, in which a core would have nothing to do.
const atOnce = availableParallelism() + 2;

/** Lists the test files, longest first. Without emulators, which CI requires, it leaves out the emulated ones. */
async function findTests(): Promise<string[]> {
  const rank = (file: string) => longest.findIndex((pattern) => pattern.test(file)) >>> 0;
  const all = globSync("test/**/*.test.ts")
    .sort()
    .sort((one, other) => rank(one) - rank(other));
  try {
    await installEmulators({ report: console.log });
    return all;
  } catch (error) {
    if (process.env.CI === "true") throw error;
    const possible = all.filter((file) => !file.includes("emulated"));
    const [why] = messageOf(error).split("\n");
    console.log(`Skipped: ${all.length - possible.length} files of emulated tests. ${why}`);
    return possible;
  }
}

// Loading TypeScript and the libraries takes a process longer than most of these files run.
const shared = /^test\/(?:aws|cli|core|docs|embedded|formats|guard|layout|local)\//;

/**
 * Returns the files to run, where the files of one folder of `shared` stand together in one file that imports them: they
 * share a process. Emulated tests and those of functions, which set the environment, keep a process of their own.
 */
function shareProcesses(files: readonly string[]): string[] {
  const folder = join(import.meta.dirname, "../.build/tests");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const groupOf = (file: string) =>
    file.includes("emulated") ? undefined : shared.exec(file)?.[0].replaceAll("/", ".");
  const groups = Map.groupBy(files, (file) => groupOf(file) ?? file);
  return [...groups].map(([name, members]) => {
    if (members.length === 1 && members[0] === name) return name;
    const file = join(folder, `${name}mjs`);
    writeFileSync(file, members.map((member) => `import ${JSON.stringify(resolve(member))};\n`).join(""));
    return file;
  });
}

/** Runs the test files, a process each, two more at once than there are cores; rejects if a test fails, or if stopped. */
function runTestFiles(files: string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let failures = 0;
    runTests({ files, concurrency: atOnce, signal })
      .on("test:fail", () => failures++)
      .compose(spec)
      .on("error", reject)
      .on("end", () => (failures === 0 ? resolve() : reject(new Error(`${failures} tests or suites failed`))))
      .pipe(process.stdout, { end: false });
  });
}

// None of these keeps two cores busy by itself.
const checks: readonly Check[] = [
  { verifies: "formatting, lint and import cycles", run: () => runProgram("biome", "check") },
  { verifies: "types", run: () => runProgram("tsc") },
  { verifies: "no unused code", run: () => runProgram("knip") },
  {
    verifies: "types of the stack",
    run: async () => {
      await installPlatform({ report: console.log });
      return runProgram("tsc", "-p", "packages/infra");
    },
  },
];

/** Runs a check and prints what it showed. Returns what failed. */
async function runCheck({ verifies, run }: Check): Promise<readonly string[]> {
  const { shown, failure } = await run().catch((error: unknown) => ({
    shown: "",
    failure: messageOf(error),
  }));
  console.log(`\n── ${verifies}\n${shown}`);
  return failure === undefined ? [] : [`${verifies}. ${failure}`];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// The tests begin beside the checks, and end where a check fails.
const stop = new AbortController();
const tests = findTests()
  .then((files) => runTestFiles(shareProcesses(files), stop.signal))
  .then(
    () => [],
    (error: unknown) => [`tests. ${messageOf(error)}`],
  );
const failed = (await Promise.all(checks.map(runCheck))).flat();
if (failed.length > 0) stop.abort();
const failures = [...failed, ...(await tests)];
for (const failure of failures) console.error(`\nnpm test failed at: ${failure}`);
if (failures.length > 0) process.exit(1);
