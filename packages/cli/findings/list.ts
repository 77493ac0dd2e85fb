import type { Finding } from "@drift-guard/core/model/finding";
import { instantOf } from "@drift-guard/core/model/instant";
import { formatActor } from "@drift-guard/formats/actors";
import { describeEvidence } from "@drift-guard/formats/evidence";
import { sanitise } from "@drift-guard/formats/printable";
import { type ExitCode, parseOptions } from "../command.ts";
import { type FindingSummary, FindingsListOutput } from "../output/findings.ts";
import { formatDocument, formatJsonLine } from "../output/json.ts";
import { guardOptions } from "../rollback/session.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { readSelection, type Selection, selectFindings, selectionOptions } from "./selection.ts";
import { type FindingsSession, openFindings, readAllFindings } from "./session.ts";
import { formatCounts, formatTable } from "./table.ts";
import { watchFindings } from "./watch.ts";

/** `findings list`: lists findings, the worst first. Changes nothing. */
export async function listFindings(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("findings list", args, {
    ...guardOptions,
    ...selectionOptions,
    watch: { type: "boolean", default: false },
  });
  const selection = readSelection(values, "open");
  const session = await openFindings("findings list", values);
  try {
    if (values.watch) {
      return await watchFindings(session, selection, {
        terminal,
        draw: (all, chosen) =>
          values.json
            ? [formatJsonLine(FindingsListOutput, describe(all, chosen, session))]
            : format(all, chosen, session, terminal),
        ...(values.json && { whole: true }),
      });
    }
    const all = await readAllFindings(session);
    const chosen = select(all, selection);
    await terminal.print(
      ...(values.json
        ? [formatDocument(FindingsListOutput, describe(all, chosen, session))]
        : format(all, chosen, session, terminal)),
    );
    return codeOf(chosen);
  } finally {
    session.close();
  }
}

function select(all: readonly Finding[], selection: Selection): readonly Finding[] {
  return selectFindings(all, selection, instantOf(new Date()));
}

/** Returns 1 if one of the findings is open. */
export function codeOf(findings: readonly Finding[]): ExitCode {
  return findings.some(({ state }) => state === "open") ? 1 : 0;
}

function format(
  all: readonly Finding[],
  findings: readonly Finding[],
  { from }: FindingsSession,
  terminal: Terminal,
): readonly string[] {
  const table = formatTable({ findings, all, now: instantOf(new Date()) }, terminal);
  const end = `${formatCounts({ findings, all })} From ${sanitise(from, 200)}.`;
  return [...table, ...(table.length > 0 ? [""] : []), ...wrap(end, terminal.columns)];
}

function describe(
  all: readonly Finding[],
  findings: readonly Finding[],
  { from }: FindingsSession,
): FindingsListOutput {
  const count = (state: Finding["state"]) => all.filter((finding) => finding.state === state).length;
  return {
    schema: 1,
    from,
    exitCode: codeOf(findings),
    counts: { open: count("open"), suppressed: count("suppressed"), resolved: count("resolved") },
    findings: findings.map(summarise),
  };
}

function summarise(finding: Finding): FindingSummary {
  const { id, severity, state, role, evidence, openedAt, firstSeenAt, lastSeenAt, updatedAt } = finding;
  return {
    id,
    severity,
    state,
    account: role.account,
    role: role.name,
    part: evidence.part.toString(),
    kind: evidence.kind,
    ...(evidence.kind === "drift" && { side: evidence.side }),
    title: describeEvidence(evidence, role.name, finding.reference).title,
    openedAt,
    ...(firstSeenAt !== undefined && { firstSeenAt }),
    ...(lastSeenAt !== undefined && { lastSeenAt }),
    updatedAt,
    ...(finding.causedBy && { actor: formatActor(finding.causedBy) }),
  };
}
