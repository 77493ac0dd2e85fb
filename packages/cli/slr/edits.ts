import { judgeLinkedRole } from "@drift-guard/core/linked-role/status";
import { sanitise } from "@drift-guard/formats/printable";
import { type ExitCode, parseCommandLine, parseOptions, UsageError } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { SlrCreateOutput, SlrDescribeOutput } from "../output/slr.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { explainDenials } from "./denial.ts";
import { commonOptions, openLinkedRoleSession } from "./session.ts";

/** `slr create`: creates the role; AWS Batch does so itself only for managed compute environments. */
export async function createRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("slr create", args, commonOptions);
  const session = await openLinkedRoleSession(values);
  const { role, account, reader, keeper } = session;
  const report = async (exitCode: ExitCode, created: boolean, why: string): Promise<ExitCode> => {
    const output = { schema: 1, account, role: role.name, exitCode, created, why } as const;
    await terminal.print(
      ...(values.json ? [formatDocument(SlrCreateOutput, output)] : wrap(why, terminal.columns)),
    );
    return exitCode;
  };
  switch (judgeLinkedRole(role, await reader.read(role.name), [])) {
    case "present":
    case "unused":
      return report(0, false, `${role.name} already exists. Nothing was changed.`);
    case "name-taken":
      return report(
        1,
        false,
        `Another role, at another path, has the name ${role.name}: IAM cannot create the service-linked role while it exists. Find out what uses that role, delete it, and run this command again. Nothing was changed.`,
      );
    case "absent":
    case "absent-but-needed": {
      const name = await explainDenials("create", session, () => keeper.create(role.service));
      return report(0, true, `Created ${sanitise(name)}. Only ${role.service} can assume it.`);
    }
  }
}

/** `slr describe`: sets the description, the only field of a service-linked role that may be edited (R20). */
export async function describeRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("slr describe", args, commonOptions);
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) {
    throw new UsageError(
      'slr describe takes the description as one argument: drift-guard slr describe "TEXT"; "" removes it.',
    );
  }
  const session = await openLinkedRoleSession(values);
  const { role, account, reader, keeper } = session;
  const base = { schema: 1, account, role: role.name } as const;
  const reading = await reader.read(role.name);
  const standing = judgeLinkedRole(role, reading, []);
  if (reading.status === "absent" || standing === "name-taken") {
    const why = reading.status === "absent" ? "does not exist" : "is another role with the same name";
    await terminal.print(
      ...(values.json
        ? [formatDocument(SlrDescribeOutput, { ...base, exitCode: 1, changed: false })]
        : wrap(`${role.name} ${why} in account ${account}. Nothing was changed.`, terminal.columns)),
    );
    return 1;
  }
  const { description } = reading.role;
  const before = description.observed ? description.value : undefined;
  const changed = before !== text;
  if (changed) await explainDenials("edit", session, () => keeper.describe(role.name, text));
  const output = { ...base, exitCode: 0, changed, before, description: text } as const;
  await terminal.print(
    ...(values.json
      ? [formatDocument(SlrDescribeOutput, output)]
      : wrap(
          changed
            ? `The description of ${role.name} is now "${sanitise(text, 1000)}". It was "${sanitise(before ?? "", 1000)}".`
            : `The description is already set. Nothing was changed.`,
          terminal.columns,
        )),
  );
  return 0;
}
