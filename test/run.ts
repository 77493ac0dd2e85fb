import { spawn } from "node:child_process";
import { installPlatform } from "../packages/infra/platform.ts";

/** One step of the whole check: what it holds, and the command that shows it. */
interface Step {
  readonly holds: string;
  readonly run: () => Promise<void>;
}

/** Runs a program of node_modules/.bin; rejects with its exit code. */
function run(program: string, ...parameters: readonly string[]): () => Promise<void> {
  return () =>
    new Promise((resolve, reject) => {
      const child = spawn(program, parameters, { stdio: "inherit" });
      child.on("error", reject);
      child.on("close", (code) =>
        code === 0 ? resolve() : reject(new Error(`${program} ended with exit code ${code}`)),
      );
    });
}

const steps: readonly Step[] = [
  { holds: "formatting, lint and the direction of imports", run: run("biome", "check") },
  { holds: "types", run: run("tsc") },
  { holds: "nothing unused", run: run("knip") },
  {
    holds: "SST's platform, installed once",
    run: async () => {
      await installPlatform({ report: console.log });
    },
  },
  { holds: "types of the stack", run: run("tsc", "-p", "packages/infra") },
  { holds: "tests", run: run(process.execPath, "--test", "test/**/*.test.ts") },
];

for (const { holds, run } of steps) {
  console.log(`\n── ${holds}`);
  try {
    await run();
  } catch (error) {
    console.error(
      `\nnpm test failed at: ${holds}. ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exit(1);
  }
}
