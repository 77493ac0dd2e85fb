#!/usr/bin/env node
import { formatCause } from "@drift-guard/core/errors";
import { sanitise } from "@drift-guard/formats/printable";
import { type Command, type ExitCode, UsageError } from "./command.ts";
import { columnsOf, openTerminal, wrapLines } from "./terminal.ts";

const help = `drift-guard compares the IAM roles of AWS Batch with their references and
reports every difference.

Usage: drift-guard <command> [options]

  check      compare the watched roles of an account with their references
  compare    compare two IAM policies by meaning
  explain    show how the guard interprets CloudTrail records
  reference  list, show, capture, check and refresh references
  slr        manage Batch's service-linked role
  demo       show the guard at work on an account in memory
  local      run the deployed guard in an emulated account on this machine

  drift-guard <command> --help   describes one command

Exit codes: 0 clean, 1 drift, 2 could not determine.
DEBUG=1 prints stack traces. NO_COLOR=1 turns colours off.
`;

// Each command is loaded when it runs: check on a file needs no SDK, and explain no database.
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
  const text = formatCause(error)
    .split("\n")
    .map((line) => sanitise(line, 2000))
    .join("\n");
  process.stderr.write(`${wrapLines(`drift-guard: ${text}`, columnsOf(process.stderr)).join("\n")}\n`);
  if (process.env.DEBUG) console.error(error);
}

// A reader such as `head` may close the pipe early. The output is then incomplete, so the exit code is not 0 unless
// the command has already set it.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") printError(error);
  process.exit(process.exitCode ?? 2);
});

// node:sqlite is experimental in Node 24; the user of a command can do nothing about its warning.
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
