import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { formatCause } from "@drift-guard/core/errors";
import type { Terminal } from "./terminal.ts";

/** 0 clean, 1 drift, 2 could not tell. */
export type ExitCode = 0 | 1 | 2;

/** One of the things that the CLI can do. */
export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** The command was called in a way that it cannot be. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The options and words of a command line. Throws `UsageError` that says which argument is wrong. */
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
