import { listWatchedRoles, type WatchedRole } from "@drift-guard/core/config/watched-role";
import { sameRoleName } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import { openLiveAccount, openSnapshot } from "../account-source.ts";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatRoleCheck } from "../drift-table.ts";
import { checkRole, exitCodeOf, type RoleCheck } from "../role-check.ts";

/** `check`: the guarded roles of an account against their references. */
export const check: Command = {
  help: `Compares the guarded roles of an account with their references. It changes nothing.

Usage: drift-guard check [--account FILE] [--config FILE] [--json] [ROLE…]

  ROLE             only these of the guarded roles
  --account FILE   the output of "aws iam get-account-authorization-details"; without it, the live account of
                   the SDK's usual credentials, at AWS_ENDPOINT_URL where that is set
  --config FILE    the configuration that says which roles are guarded (default: drift-guard.config.ts here,
                   else one that guards the three roles of the guide)
  --json           one JSON document

Exit codes: 0 every role is as it should be, 1 there is drift, 2 there is none, but something could not be told.
A newer version of a policy that AWS itself published is information, and no drift.
`,
  async run(args, terminal) {
    const { values, positionals: names } = parseCommandLine(args, {
      account: { type: "string" },
      config: { type: "string" },
      json: { type: "boolean" },
    });
    const config = await loadConfig(values.config);
    const watchedRoles = chooseRoles(listWatchedRoles({ config }), names);
    const source = await (values.account === undefined ? openLiveAccount() : openSnapshot(values.account));
    const roles: RoleCheck[] = [];
    // One after the other: IAM throttles each account, and somebody else may be reading as well.
    for (const watched of watchedRoles) roles.push(await checkRole(watched, { ...source, config }));
    const code = exitCodeOf(roles);
    process.exitCode = code;
    if (values.json) {
      await terminal.print(
        JSON.stringify({ account: source.account, from: source.from, exitCode: code, roles }, undefined, 2),
      );
      return code;
    }
    for (const verdict of roles) await terminal.print(...formatRoleCheck(verdict, terminal), "");
    await terminal.print(`Account ${source.account} (${sanitise(source.from)}): ${formatSummary(roles)}`);
    return code;
  },
};

function chooseRoles(watchedRoles: readonly WatchedRole[], names: readonly string[]): readonly WatchedRole[] {
  if (names.length === 0) return watchedRoles;
  return names.map((name) => {
    const watched = watchedRoles.find((each) => sameRoleName(each.name, name));
    if (watched) return watched;
    throw new UsageError(
      `${sanitise(name, 80)} is not guarded. The configuration guards ${watchedRoles.map((each) => each.name).join(", ")}.`,
    );
  });
}

function formatSummary(roles: readonly RoleCheck[]): string {
  const drifts = roles.flatMap(({ assessments }) =>
    assessments.filter(({ kind }) => kind === "drift"),
  ).length;
  const unsure = roles.filter(({ status }) => status === "undecided" || status === "unreadable").length;
  const clean = roles.filter(({ status }) => status === "clean" || status === "absent").length;
  return [
    `${clean} of ${roles.length} ${roles.length === 1 ? "role" : "roles"} clean`,
    ...(drifts > 0 ? [`${drifts} ${drifts === 1 ? "drift" : "drifts"}`] : []),
    ...(unsure > 0 ? [`${unsure} that could not be told`] : []),
  ].join(", ");
}
