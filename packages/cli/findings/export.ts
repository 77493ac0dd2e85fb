import { instantOf } from "@drift-guard/core/model/instant";
import { formatAsff } from "@drift-guard/formats/asff";
import { formatOcsf } from "@drift-guard/formats/ocsf";
import { sanitise } from "@drift-guard/formats/printable";
import { partitionOf } from "@drift-guard/formats/role-arn";
import { type ExitCode, parseOptions, UsageError } from "../command.ts";
import { FindingsExportOutput } from "../output/findings.ts";
import { formatJsonLine } from "../output/json.ts";
import { guardOptions } from "../rollback/session.ts";
import type { Terminal } from "../terminal.ts";
import { csvHead, formatCsv } from "./csv.ts";
import { readSelection, selectFindings, selectionOptions } from "./selection.ts";
import { openFindings, readAllFindings } from "./session.ts";
import { announceFinding } from "./subject.ts";

/** `findings export`: prints findings for other programs, one on each line. Changes nothing. */
export async function exportFindings(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { json: _, ...options } = guardOptions;
  const values = parseOptions("findings export", args, {
    ...options,
    ...selectionOptions,
    format: { type: "string", value: "a FORMAT", default: "jsonl" },
  });
  const { format } = values;
  if (format !== "jsonl" && format !== "csv" && format !== "ocsf" && format !== "asff") {
    throw new UsageError(`--format takes one of jsonl, csv, ocsf, asff, not ${sanitise(format, 20)}.`);
  }
  const selection = readSelection(values, "all");
  const session = await openFindings("findings export", values);
  try {
    const all = await readAllFindings(session);
    if (format === "csv") await terminal.print(csvHead);
    for (const finding of selectFindings(all, selection, instantOf(new Date()))) {
      switch (format) {
        case "csv":
          await terminal.print(formatCsv(finding));
          break;
        case "jsonl":
          await terminal.print(formatJsonLine(FindingsExportOutput, { schema: 1, finding }));
          break;
        case "ocsf":
          await terminal.print(JSON.stringify(formatOcsf(await announceFinding(finding, session))));
          break;
        case "asff": {
          const { account } = finding.role;
          const place = { account, region: session.config.regions.guard, partition: partitionOf(finding) };
          await terminal.print(JSON.stringify(formatAsff(await announceFinding(finding, session), place)));
          break;
        }
      }
    }
    return 0;
  } finally {
    session.close();
  }
}
