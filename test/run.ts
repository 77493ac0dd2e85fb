import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { installEmulators } from "@drift-guard/local/emulators/python";
import { installPlatform } from "../packages/infra/synth/platform.ts";

/** One step of the whole check, and what it holds. */
interface Step {
  readonly holds: string;
  readonly run: () => Promise<void>;
}

/** Runs a program of node_modules/.bin; rejects with its exit code. */
function run(program: string, ...parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with exit code ${code}`)),
    );
  });
}

/** The test files; without those that need the emulators where these cannot be had, which CI does not allow. */
async function findTests(): Promise<readonly string[]> {
  const all = globSync("test/**/*.test.ts").sort();
  try {
    await installEmulators({ report: console.log });
    return all;
  } catch (error) {
    if (process.env.CI === "true") throw error;
    const possible = all.filter((file) => !file.includes("emulated"));
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    console.log(`Skipped: ${all.length - possible.length} files of emulated tests. ${why}`);
    return possible;
  }
}

const steps: readonly Step[] = [
  { holds: "formatting, lint and the direction of imports", run: () => run("biome", "check") },
  { holds: "types", run: () => run("tsc") },
  { holds: "nothing unused", run: () => run("knip") },
  {
    holds: "types of the stack",
    run: async () => {
      await installPlatform({ report: console.log });
      await run("tsc", "-p", "packages/infra");
    },
  },
  { holds: "tests", run: async () => run(process.execPath, "--test", ...(await findTests())) },
];

for (const { holds, run } of steps) {
  console.log(`\n── ${holds}`);
  try {
    await run();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`\nnpm test failed at: ${holds}. ${why}`);
    process.exit(1);
  }
}
