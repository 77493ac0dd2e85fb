import type { Strictness } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { type ExitCode, parseOptions } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatDocument } from "../output/json.ts";
import { ReferenceListOutput } from "../output/reference.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { isBuiltIn, listKnownReferences } from "./selection.ts";

/** `reference list`: prints every reference with its source and strictness. */
export async function listReferences(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("reference list", args, {
    config: { type: "string", value: "a FILE" },
    json: { type: "boolean" },
  });
  const known = listKnownReferences(await loadConfig(values.config));
  if (values.json) {
    const items = known.map((reference) => ({
      role: reference.role,
      purpose: reference.purpose,
      builtIn: isBuiltIn(reference),
      serviceLinked: reference.serviceLinked,
      source: reference.source,
      attachments: reference.attachments.map(({ arn, version }) => ({ arn, version })),
      strictness: reference.strictness,
    }));
    await terminal.print(formatDocument(ReferenceListOutput, { schema: 1, items }));
    return 0;
  }
  for (const reference of known) {
    const { role, purpose, source, strictness } = reference;
    const origin = `${isBuiltIn(reference) ? "built in" : "your own"}: ${sanitise(source.title)}, dated ${source.date}`;
    await terminal.print(
      terminal.paint("bold", sanitise(role)),
      ...(purpose === undefined ? [] : wrap(sanitise(purpose, 400), terminal.columns, "  ")),
      ...wrap(`${origin}; ${formatStrictness(strictness)}`, terminal.columns, "  ").map((line) =>
        terminal.paint("dim", line),
      ),
    );
  }
  return 0;
}

/** The strictness of a reference as one line. */
export function formatStrictness({ trust, attachments, floor, ceiling, tags }: Strictness): string {
  const others = tags === undefined ? "" : `, tags ${tags}`;
  return `trust ${trust}, attachments ${attachments}, floor ${floor}, ceiling ${ceiling}${others}`;
}
