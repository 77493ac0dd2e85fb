import { sanitise } from "@drift-guard/formats/printable";
import type { AnswerOutcome } from "@drift-guard/guard/respond/respond";
import type { ExitCode } from "../command.ts";
import { AnswerOutput } from "../output/answer.ts";
import { formatDocument } from "../output/json.ts";
import { type Terminal, wrap } from "../terminal.ts";
import type { AnswerSession } from "./session.ts";

/**
 * Prints what became of an answer, with the command `next` on a line of its own if it was recorded. Returns the exit code: 0 if
 * it was recorded, 1 if the guard refused it.
 */
export async function reportAnswer(
  verb: AnswerOutput["verb"],
  what: string,
  outcome: AnswerOutcome,
  { account, stores }: Pick<AnswerSession, "account" | "stores">,
  { json, terminal, next }: { readonly json: boolean; readonly terminal: Terminal; readonly next?: string },
): Promise<ExitCode> {
  const exitCode = outcome.status === "recorded" ? 0 : 1;
  const why = outcome.status === "recorded" ? what : `The guard refused the answer. ${outcome.reason}`;
  const output: AnswerOutput = {
    schema: 1,
    account,
    control: stores.from,
    verb,
    exitCode,
    recorded: outcome.status === "recorded",
    ...(outcome.status === "recorded" && { by: outcome.by, at: outcome.at }),
    why,
    warnings: outcome.status === "recorded" ? outcome.warnings : [],
  };
  await terminal.print(
    ...(json
      ? [formatDocument(AnswerOutput, output)]
      : [
          ...wrap(sanitise(why, 2000), terminal.columns),
          ...(next === undefined || !output.recorded ? [] : [`  ${next}`]),
          ...(output.by === undefined
            ? []
            : wrap(
                `${verb === "evaluate" ? "Asked by" : "Recorded as the answer of"} ${sanitise(output.by, 300)}.`,
                terminal.columns,
              )),
          ...output.warnings.flatMap((warning) => wrap(sanitise(warning, 500), terminal.columns)),
        ]),
  );
  return exitCode;
}
