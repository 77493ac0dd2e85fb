import { type ExitCode, parseCommandLine } from "../command.ts";
import { FindingsHistoryOutput } from "../output/findings.ts";
import { formatDocument } from "../output/json.ts";
import { guardOptions } from "../rollback/session.ts";
import type { Terminal } from "../terminal.ts";
import { formatHistory } from "./finding-lines.ts";
import { openFindings } from "./session.ts";
import { findOne } from "./subject.ts";

/** `findings history`: shows every stored transition of one finding. Changes nothing. */
export async function showHistory(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("findings history", args, guardOptions);
  const session = await openFindings("findings history", values);
  try {
    const finding = await findOne("findings history", positionals, session);
    const transitions = await session.stores.findings.history(finding.role, finding.id);
    if (values.json) {
      const output = {
        schema: 1 as const,
        from: session.from,
        exitCode: 0 as const,
        finding: finding.id,
        transitions,
      };
      await terminal.print(formatDocument(FindingsHistoryOutput, output));
    } else if (transitions.length === 0) {
      await terminal.print(`No transition of ${finding.id} is stored any more.`);
    } else await terminal.print(...formatHistory(transitions, terminal.columns));
    return 0;
  } finally {
    session.close();
  }
}
