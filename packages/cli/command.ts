import { parseArgs } from "node:util";
import { formatCause } from "@drift-guard/core/errors";
import { sanitise } from "@drift-guard/formats/printable";
import type { Terminal } from "./terminal.ts";

// Arguments are parsed by node:util on purpose: it is strict, has no dependencies, and the commands need no more.

/** 0 clean or done, 1 drift or a difference, 2 could not determine. */
export type ExitCode = 0 | 1 | 2;

/** One command of `drift-guard`, such as `compare`. */
export interface Command {
  /** The text of `--help`; no line is longer than 80 characters. */
  readonly help: string;
  /** Runs the command with the arguments after its name. Throws `UsageError` for arguments it does not take. */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** A command was called with wrong or missing arguments. The message names them. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An option of a command: a flag, or an option with a value. `value` names that value in messages: "a FILE". */
type OptionSpec =
  | { readonly type: "boolean"; readonly default?: boolean }
  | {
      readonly type: "string";
      readonly value: string;
      readonly multiple?: boolean;
      readonly default?: string;
    };
type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/**
 * The options and positional arguments of a command line. `command` is the command's name, such as `reference show`.
 * Throws `UsageError` that names the wrong argument.
 */
export function parseCommandLine<const Options extends OptionSpecs>(
  command: string,
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw usageError(command, findOptionFault(command, args, options) ?? formatCause(cause), cause);
  }
}

/** Like `parseCommandLine`, for a command that takes only options. Returns their values. */
export function parseOptions<const Options extends OptionSpecs>(
  command: string,
  args: readonly string[],
  options: Options,
) {
  const { values, positionals } = parseCommandLine(command, args, options);
  const [first] = positionals;
  if (first === undefined) return values;
  throw usageError(command, `${command} takes no argument ${sanitise(first, 40)}.`);
}

function usageError(command: string, fault: string, cause?: unknown): UsageError {
  const [page] = command.split(" ");
  return new UsageError(`${fault} See drift-guard ${page} --help.`, { cause });
}

/** One sentence about the first option that is unknown, lacks its value, or is a flag with a value; else undefined. */
function findOptionFault(command: string, args: readonly string[], options: OptionSpecs): string | undefined {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    const name = sanitise(token.rawName, 40);
    if (!option || !token.rawName.startsWith("--")) return `${command} has no option ${name}.`;
    if (option.type === "boolean" && token.value !== undefined) return `${name} takes no value.`;
    // A value that begins with a hyphen is probably the next option; node:util takes it only after "=".
    const isMissing = token.value === undefined || (!token.inlineValue && /^-./.test(token.value));
    if (option.type === "string" && isMissing) return `${name} needs ${option.value}.`;
  }
  return undefined;
}

/** The `run` of a command with subcommands: runs the one that the first argument names, with the other arguments. */
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
