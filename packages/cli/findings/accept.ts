import { sameRoleName } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { chooseFinding } from "../finding-choice.ts";
import { acceptFindings } from "../reference/capture.ts";
import { guardOptions } from "../rollback/session.ts";
import type { Terminal } from "../terminal.ts";
import { openFindings, readAllFindings } from "./session.ts";

/** `findings accept`: writes findings of one role into its reference, as `reference capture --finding` does. */
export async function acceptIntoReference(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("findings accept", args, {
    ...guardOptions,
    account: { type: "string", value: "a FILE" },
    into: { type: "string", value: "a FOLDER" },
  });
  const { account, into, json } = values;
  const session = await openFindings("findings accept", values);
  try {
    const all = await readAllFindings(session);
    const [first, ...others] = positionals.map((id) => chooseFinding(id, all));
    if (!first) throw new UsageError("findings accept takes the ids of findings of one role.");
    const foreign = others.find(({ role }) => !sameRoleName(role.name, first.role.name));
    if (foreign) {
      throw new UsageError(
        `${first.id} is about ${sanitise(first.role.name, 80)}, and ${foreign.id} about ${sanitise(foreign.role.name, 80)}: accept the findings of one role at a time.`,
      );
    }
    const { config } = session;
    await acceptFindings(
      [first, ...others],
      { config, json, ...(account !== undefined && { account }), ...(into !== undefined && { into }) },
      terminal,
    );
    return 0;
  } finally {
    session.close();
  }
}
