import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { formatCause } from "@drift-guard/core/errors";
import { sanitise } from "@drift-guard/formats/printable";
import type { Terminal } from "./terminal.ts";

// Arguments are parsed by node:util on purpose: it is strict, has no dependencies, and the commands need no more.

/** 0 clean or done, 1 drift or a difference, 2 could not determine. */
export type ExitCode = 0 | 1 | 2;

/** One command of the command line. */
export interface Command {
  /** The text of `--help`; no line is longer than 80 characters. */
  readonly help: string;
  /** Runs the command with the arguments after its name. Throws `UsageError` for arguments it does not take. */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** A command was called with arguments that it does not take; the message says which, and what it takes. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The options and positional arguments of a command line. Throws `UsageError` that names the wrong argument. */
export function parseCommandLine<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new UsageError(formatCause(cause), { cause });
  }
}

/** The `run` of a command that has subcommands: the first argument names one, and it gets the others. */
export function runSubcommand(
  command: string,
  subcommands: Readonly<Record<string, Command["run"]>>,
): Command["run"] {
  const known = Object.keys(subcommands).join(", ");
  return ([name, ...args], terminal) => {
    if (name === undefined) {
      throw new UsageError(`${command} needs a subcommand: ${known}. See drift-guard ${command} --help.`);
    }
    const run = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
    if (run) return run(args, terminal);
    throw new UsageError(
      `${command} has no subcommand ${sanitise(name, 40)}, only ${known}. See drift-guard ${command} --help.`,
    );
  };
}
