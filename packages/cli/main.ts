#!/usr/bin/env node
import { keepCompiledModules } from "./compile-cache.ts";

keepCompiledModules();
// Imported here, so that they are kept.
const { formatSystemError } = await import("./file-failure.ts");
const { printError, runProgram } = await import("./program.ts");

// A reader such as `head` may close the pipe early. The output is then incomplete, so the exit code is not 0 unless
// the command has already set it. Any other failure, such as a full disk, loses output that somebody expects.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(process.exitCode ?? 2);
  const why = formatSystemError(error);
  printError(new Error(`The output cannot be written: ${why}.`, { cause: error }), process.stderr);
  process.exit(2);
});

// node:sqlite is experimental in Node 24; the user of a command can do nothing about its warning.
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") printError(warning, process.stderr);
});

process.exitCode = await runProgram(process.argv.slice(2), process);
