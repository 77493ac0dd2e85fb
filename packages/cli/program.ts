import { inspect } from "node:util";
import { formatCause } from "@drift-guard/core/errors";
import { version } from "@drift-guard/core/version";
import { sanitise } from "@drift-guard/formats/printable";
import { type Command, type ExitCode, UsageError } from "./command.ts";
import { columnsOf, type Output, openTerminal, type Streams, wrapLines } from "./terminal.ts";

const help = `drift-guard compares the IAM roles of AWS Batch with their references and
reports every difference.

Usage: drift-guard <command> [options]

  check      compare the watched roles of an account with their references
  ensure     make roles as their references say, a deleted one too
  compare    compare two IAM policies by meaning
  explain    show how the guard interprets CloudTrail records
  reference  list, show, capture, check and refresh references
  findings   list, show, accept and suppress the findings of a guard
  rollback   plan, approve, undo, pause and show the rollback of a role
  doctor     show whether a deployed guard sees what it must see
  notify     send a test message to the people who are subscribed
  suppress   the same as findings suppress
  close      close a foreign call with the guard's credentials as dealt with
  migrate    bring what an older version stored to the present schema
  slr        manage Batch's service-linked role
  demo       show the guard at work on an account in memory
  local      run the deployed guard in an emulated account on this machine
  template   write CloudFormation templates that deploy the guard anywhere

  drift-guard <command> --help   describes one command
  drift-guard --version          prints the version

Exit codes: 0 clean, 1 drift, 2 could not determine.
DEBUG=1 prints stack traces. NO_COLOR=1 turns colours off.
`;

// Each command is loaded when it runs: check on a file needs no SDK, and explain no database.
const commands = new Map<string, () => Promise<Command>>([
  ["check", async () => (await import("./commands/check.ts")).check],
  ["ensure", async () => (await import("./commands/ensure.ts")).ensure],
  ["compare", async () => (await import("./commands/compare.ts")).compare],
  ["explain", async () => (await import("./commands/explain.ts")).explain],
  ["reference", async () => (await import("./commands/reference.ts")).reference],
  ["findings", async () => (await import("./commands/findings.ts")).findings],
  ["rollback", async () => (await import("./commands/rollback.ts")).rollback],
  ["doctor", async () => (await import("./commands/doctor.ts")).doctor],
  ["notify", async () => (await import("./commands/notify.ts")).notify],
  ["suppress", async () => (await import("./commands/suppress.ts")).suppress],
  ["close", async () => (await import("./commands/close.ts")).close],
  ["migrate", async () => (await import("./commands/migrate.ts")).migrate],
  ["slr", async () => (await import("./commands/slr.ts")).slr],
  ["demo", async () => (await import("./commands/demo.ts")).demo],
  ["local", async () => (await import("./commands/local.ts")).local],
  ["template", async () => (await import("./commands/template.ts")).template],
]);

/**
 * Runs one command line: the name of a command and its arguments. Prints an error to standard error and returns 2 for it.
 * Reads the working directory and the environment of this process.
 */
export async function runProgram(args: readonly string[], streams: Streams): Promise<ExitCode> {
  try {
    return await runCommand(args, streams);
  } catch (error) {
    printError(error, streams.stderr);
    return 2;
  }
}

/** Prints an error and its causes in one paragraph, and its stack trace if DEBUG is set. */
export function printError(error: unknown, stderr: Output): void {
  const text = formatCause(error)
    .split("\n")
    .map((line) => sanitise(line, 2000))
    .join("\n");
  stderr.write(`${wrapLines(`drift-guard: ${text}`, columnsOf(stderr)).join("\n")}\n`);
  if (process.env.DEBUG) stderr.write(`${inspect(error)}\n`);
}

async function runCommand([name, ...args]: readonly string[], streams: Streams): Promise<ExitCode> {
  if (name === "help" && args[0] !== undefined && !args[0].startsWith("-"))
    return runCommand([args[0], "--help"], streams);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    streams.stdout.write(help);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-V") {
    streams.stdout.write(`${version}\n`);
    return 0;
  }
  const load = commands.get(name);
  if (!load) throw new UsageError(`There is no command ${sanitise(name, 40)}. See drift-guard --help.`);
  const command = await load();
  const options = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (options.includes("--help") || options.includes("-h")) {
    streams.stdout.write(command.help);
    return 0;
  }
  return command.run(args, openTerminal(streams));
}
