import { judgeLinkedRole } from "@drift-guard/core/linked-role/standing";
import { sanitise } from "@drift-guard/formats/printable";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { commonOptions, openLinkedRoleSession } from "./session.ts";

/** `slr create`: makes the role where Batch would not by itself. */
export async function createRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = parseCommandLine(args, commonOptions);
  const { role, account, reader, keeper } = await openLinkedRoleSession(values.role);
  const tell = async (exitCode: ExitCode, created: boolean, text: string): Promise<ExitCode> => {
    const document = { account, role: role.name, exitCode, created, why: text };
    await terminal.print(
      ...(values.json ? [JSON.stringify(document, undefined, 2)] : wrap(text, terminal.columns)),
    );
    return exitCode;
  };
  switch (judgeLinkedRole(role, await reader.read(role.name), [])) {
    case "present":
    case "unused":
      return tell(0, false, `${role.name} is there already. Nothing was changed.`);
    case "look-alike":
      return tell(
        1,
        false,
        `Another role has the name ${role.name}, at another path: IAM makes no service-linked role while it stands. Find out what uses it, delete it, and come back. Nothing was changed.`,
      );
    case "absent":
    case "wanted": {
      const name = await keeper.create(role.service);
      return tell(0, true, `${sanitise(name)} is made. ${role.service} alone can assume it.`);
    }
  }
}

/** `slr describe`: writes the description, the one thing of the role that may be edited (R20). */
export async function describeRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine(args, commonOptions);
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) {
    throw new UsageError(
      'Give the description as one argument: drift-guard slr describe "TEXT"; "" takes it away.',
    );
  }
  const { role, account, reader, keeper } = await openLinkedRoleSession(values.role);
  const reading = await reader.read(role.name);
  const standing = judgeLinkedRole(role, reading, []);
  if (reading.status === "absent" || standing === "look-alike") {
    const why = reading.status === "absent" ? "is not there" : "is another role of the same name";
    await terminal.print(
      values.json
        ? JSON.stringify({ account, role: role.name, exitCode: 1, changed: false }, undefined, 2)
        : `${role.name} ${why} in account ${account}. Nothing was changed.`,
    );
    return 1;
  }
  const { description } = reading.role;
  const before = description.observed ? description.value : undefined;
  const changed = before !== text;
  if (changed) await keeper.describe(role.name, text);
  const document = { account, role: role.name, exitCode: 0, changed, before, description: text };
  await terminal.print(
    ...(values.json
      ? [JSON.stringify(document, undefined, 2)]
      : wrap(
          changed
            ? `The description of ${role.name} reads now "${sanitise(text, 1000)}". Before: "${sanitise(before ?? "", 1000)}".`
            : `The description of ${role.name} reads so already. Nothing was changed.`,
          terminal.columns,
        )),
  );
  return 0;
}
