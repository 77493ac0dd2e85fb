#!/usr/bin/env node
import { formatCause } from "@drift-guard/core/errors";
import { sanitise } from "@drift-guard/formats/printable";
import { type Command, type ExitCode, UsageError } from "./command.ts";
import { openTerminal } from "./terminal.ts";

const help = `drift-guard keeps the IAM roles that AWS Batch stands on as they should be.

Usage: drift-guard <command> [options]

  check      compare the guarded roles of an account, live or from a file, with their references
  compare    tell what one IAM policy allows or denies and another does not
  explain    tell what the guard makes of CloudTrail records
  reference  what roles should be: list, show, capture, check, refresh
  slr        the life of Batch's service-linked role: status, delete-plan, delete, create, describe
  demo       see the guard at work on an account in memory
  local      run the guard, as it would be deployed, on an account on this machine

  drift-guard <command> --help   tells more of a command

Exit codes: 0 clean, 1 drift, 2 could not tell.
DEBUG=1 shows where in the program an error came from. NO_COLOR=1 leaves colours out.
`;

// Each is loaded when it is wanted: check on a file needs no SDK, and explain no database.
const commands = new Map<string, () => Promise<Command>>([
  ["check", async () => (await import("./commands/check.ts")).check],
  ["compare", async () => (await import("./commands/compare.ts")).compare],
  ["explain", async () => (await import("./commands/explain.ts")).explain],
  ["reference", async () => (await import("./commands/reference.ts")).reference],
  ["slr", async () => (await import("./commands/slr.ts")).slr],
  ["demo", async () => (await import("./commands/demo.ts")).demo],
  ["local", async () => (await import("./commands/local.ts")).local],
]);

async function main([name, ...args]: readonly string[]): Promise<ExitCode> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help);
    return name === undefined ? 2 : 0;
  }
  const load = commands.get(name);
  if (!load) throw new UsageError(`There is no command ${sanitise(name, 40)}. See drift-guard --help.`);
  const command = await load();
  const options = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (options.includes("--help") || options.includes("-h")) {
    process.stdout.write(command.help);
    return 0;
  }
  return command.run(args, openTerminal(process.stdout));
}

function printError(error: unknown): void {
  const message = formatCause(error);
  const lines = message.split("\n").map((line) => sanitise(line, 2000));
  process.stderr.write(`drift-guard: ${lines.join("\n")}\n`);
  if (process.env.DEBUG) console.error(error);
}

// Whoever reads us may have read enough; what would have come is not known to be clean.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") printError(error);
  process.exit(process.exitCode ?? 2);
});

// node:sqlite is experimental in Node 24, and its warning means nothing to whoever runs a command.
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") printError(warning);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  printError(error);
  process.exitCode = 2;
}
