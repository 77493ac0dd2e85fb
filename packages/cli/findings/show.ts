import { instantOf } from "@drift-guard/core/model/instant";
import { toolOf } from "@drift-guard/core/model/tool";
import { formatActor } from "@drift-guard/formats/actors";
import { findConsoleLinks } from "@drift-guard/formats/console-links";
import { describeEvidence } from "@drift-guard/formats/evidence";
import { formatNextSteps } from "@drift-guard/formats/next-steps";
import { sanitise } from "@drift-guard/formats/printable";
import { type ExitCode, parseCommandLine } from "../command.ts";
import { FindingsShowOutput } from "../output/findings.ts";
import { formatDocument } from "../output/json.ts";
import { guardOptions } from "../rollback/session.ts";
import type { Terminal } from "../terminal.ts";
import { listCommands } from "./commands.ts";
import { formatFinding } from "./finding-lines.ts";
import { codeOf } from "./list.ts";
import { openFindings } from "./session.ts";
import { announceFinding, findOne } from "./subject.ts";

/** `findings show`: shows everything about one finding, and the next commands. Changes nothing. */
export async function showFinding(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("findings show", args, guardOptions);
  const session = await openFindings("findings show", values);
  try {
    const finding = await findOne("findings show", positionals, session);
    const announced = await announceFinding(finding, session);
    const commands = listCommands(announced, session.options);
    const exitCode = codeOf([finding]);
    if (!values.json) {
      await terminal.print(...formatFinding(announced, { commands, now: instantOf(new Date()), terminal }));
      return exitCode;
    }
    const { title, sentences } = describeEvidence(finding.evidence, finding.role.name, finding.reference);
    const output: FindingsShowOutput = {
      schema: 1,
      from: session.from,
      exitCode,
      finding,
      title,
      meaning: sentences,
      ...(finding.causedBy && { tool: toolOf(finding.causedBy) }),
      standing: { kind: announced.standing.kind, sentences: formatNextSteps(announced) },
      links: findConsoleLinks(finding),
      history: announced.history.map(({ id, kind, at, actor, note }) => ({
        id,
        kind,
        at,
        ...(actor && { actor: formatActor(actor) }),
        ...(note !== undefined && { note: sanitise(note, 2000) }),
      })),
      commands,
    };
    await terminal.print(formatDocument(FindingsShowOutput, output));
    return exitCode;
  } finally {
    session.close();
  }
}
