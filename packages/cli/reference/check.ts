import { isDeepStrictEqual } from "node:util";
import { GuardedRole } from "@drift-guard/core/config/config";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { exemplifyReference } from "@drift-guard/core/reference/example";
import type { Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { type ExitCode, parseCommandLine } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatDetails } from "../drift-table.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { readReferenceFile } from "./folder.ts";
import { listKnownReferences } from "./selection.ts";

/**
 * `reference check`: a reference is sound if a role that matches it exactly is clean. Throws `ConfigError` for a file or
 * configuration that is not valid, with the path of the fault.
 */
export async function checkReferences(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals: files } = parseCommandLine("reference check", args, {
    config: { type: "string", value: "a FILE" },
  });
  const config = await loadConfig(values.config);
  const read = await Promise.all([...new Set(files)].map(readReferenceFile));
  const isRead = (reference: Reference) => read.some((other) => isDeepStrictEqual(other, reference));
  // A file that the configuration names too is one reference.
  const all = [...read, ...listKnownReferences(config).filter((reference) => !isRead(reference))];
  let faults = 0;
  for (const reference of all) {
    const { lines, isSound } = examine(reference, terminal);
    if (lines.length === 0) continue;
    if (!isSound) faults += 1;
    await terminal.print(terminal.paint("bold", sanitise(reference.role)), ...lines);
  }
  const watchedCount = listWatchedRoles({ config }).length;
  const summary =
    faults === 0
      ? `${all.length} references are sound; the configuration names ${watchedCount} watched ${watchedCount === 1 ? "role" : "roles"}.`
      : `${faults} of ${all.length} references are unsound.`;
  await terminal.print(...wrap(summary, terminal.columns));
  return faults === 0 ? 0 : 1;
}

// If the role that matches its reference exactly is not clean, no role can be. A note is no fault.
function examine(
  reference: Reference,
  terminal: Terminal,
): { readonly lines: readonly string[]; readonly isSound: boolean } {
  const guarded = GuardedRole.parse({});
  const found = evaluate({ reference, guarded, reading: exemplifyReference(reference) });
  const lines = found.flatMap((assessment) => {
    const at = sanitise(assessment.part.toString());
    const heading =
      assessment.kind === "note"
        ? `A note, at ${at}:`
        : `A role that matches it exactly would not be clean, at ${at}:`;
    return [...wrap(heading, terminal.columns, "  "), ...formatDetails(assessment, terminal, "    ")];
  });
  return { lines, isSound: found.every(({ kind }) => kind === "note") };
}
