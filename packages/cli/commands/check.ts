import { listWatchedRoles, type WatchedRole } from "@drift-guard/core/config/watched-role";
import { sameRoleName } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import { openLiveAccount, openSnapshot } from "../account-source.ts";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatRoleCheck } from "../drift-table.ts";
import { CheckOutput, type RoleCheck } from "../output/check.ts";
import { formatDocument } from "../output/json.ts";
import { checkRole, exitCodeOf } from "../role-check.ts";

/** `check`: compares the watched roles of an account with their references. */
export const check: Command = {
  help: `Compares the watched roles of an account with their references. Changes nothing.

Usage: drift-guard check [--account FILE] [--config FILE] [--json] [ROLE…]

  ROLE             check only these watched roles
  --account FILE   the account, as a file with the output of
                   "aws iam get-account-authorization-details" (default: the
                   live account of the AWS SDK's credentials, asked at
                   AWS_ENDPOINT_URL if that is set)
  --config FILE    configuration that names the watched roles (default:
                   drift-guard.config.ts or .json in the working directory,
                   else the three roles of the AWS Batch User Guide)
  --json           print one JSON document (docs/schemas/check.schema.json)

Exit codes: 0 every role matches its reference, 1 drift, 2 could not determine.
A policy version that AWS itself published is information, not drift.
`,
  async run(args, terminal) {
    const { values, positionals: names } = parseCommandLine("check", args, {
      account: { type: "string", value: "a FILE" },
      config: { type: "string", value: "a FILE" },
      json: { type: "boolean" },
    });
    const config = await loadConfig(values.config);
    const watchedRoles = chooseRoles(listWatchedRoles({ config }), names);
    const source = await (values.account === undefined ? openLiveAccount() : openSnapshot(values.account));
    const roles: RoleCheck[] = [];
    // One after the other: IAM throttles per account, and other programs share its limits.
    for (const watched of watchedRoles) roles.push(await checkRole(watched, { ...source, config }));
    const code = exitCodeOf(roles);
    // Set now: a reader that closes the pipe early still gets the result of the check.
    process.exitCode = code;
    if (values.json) {
      const { account, from } = source;
      await terminal.print(formatDocument(CheckOutput, { schema: 1, account, from, exitCode: code, roles }));
      return code;
    }
    for (const role of roles) await terminal.print(...formatRoleCheck(role, terminal), "");
    await terminal.print(`Account ${source.account} (${sanitise(source.from)}): ${formatSummary(roles)}`);
    return code;
  },
};

function chooseRoles(watchedRoles: readonly WatchedRole[], names: readonly string[]): readonly WatchedRole[] {
  if (names.length === 0) return watchedRoles;
  return names.map((name) => {
    const watched = watchedRoles.find((each) => sameRoleName(each.name, name));
    if (watched) return watched;
    const known = watchedRoles.map((each) => each.name).join(", ");
    throw new UsageError(
      `${sanitise(name, 80)} is not a watched role. The configuration names ${known}. Add the role there, or capture a reference for it: drift-guard reference capture.`,
    );
  });
}

function formatSummary(roles: readonly RoleCheck[]): string {
  const drifts = roles.flatMap(({ assessments }) =>
    assessments.filter(({ kind }) => kind === "drift"),
  ).length;
  const unknown = roles.filter(({ status }) => status === "undecided" || status === "unreadable").length;
  const clean = roles.filter(({ status }) => status === "clean" || status === "absent").length;
  return [
    `${clean} of ${roles.length} ${roles.length === 1 ? "role" : "roles"} clean`,
    ...(drifts > 0 ? [`${drifts} ${drifts === 1 ? "drift" : "drifts"}`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
  ].join(", ");
}
