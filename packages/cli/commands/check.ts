import type { Config } from "@drift-guard/core/config/config";
import {
  findWatchedRole,
  listWatchedRoles,
  type WatchedRole,
  watchesPatterns,
} from "@drift-guard/core/config/watched-role";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { type AccountSource, openLiveAccount, openSnapshots } from "../account-source.ts";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatRoleCheck } from "../drift-table.ts";
import { CheckOutput, type RoleCheck } from "../output/check.ts";
import { formatDocument } from "../output/json.ts";
import { type CheckSettings, checkRole, exitCodeOf } from "../role-check.ts";
import { wrap } from "../terminal.ts";

/** `check`: compares the watched roles of an account with their references. */
export const check: Command = {
  help: `Compares the watched roles of an account with their references. Changes nothing.

Usage: drift-guard check [--account FILE] [--config FILE] [--plan] [--json]
                         [ROLE…]
       aws iam get-account-authorization-details | drift-guard check -

  ROLE             check only these watched roles
  --account FILE   the account, as a file with the output of
                   "aws iam get-account-authorization-details", or "-" for
                   standard input; several accounts in one file are checked one
                   after the other (default: the live account of the AWS SDK's
                   credentials, at AWS_ENDPOINT_URL, if set)
  --config FILE    configuration that names the watched roles (default:
                   drift-guard.config.ts or .json in the working directory,
                   else the three roles of the AWS Batch User Guide)
  --plan           print the AWS CLI commands that fix each role, tried on a
                   copy of it, and what they leave to a person
  --json           print one JSON document (docs/schemas/check.schema.json)

Exit codes: 0 every role matches its reference, 1 drift, 2 could not determine.
A policy version that AWS itself published is information, not drift.
`,
  async run(args, terminal) {
    const { values, positionals } = parseCommandLine("check", args, {
      account: { type: "string", value: "a FILE" },
      config: { type: "string", value: "a FILE" },
      plan: { type: "boolean" },
      json: { type: "boolean" },
    });
    const config = await loadConfig(values.config);
    const file = values.account ?? (positionals.includes("-") ? "-" : undefined);
    const names = positionals.filter((name) => name !== "-");
    // Chosen first: a wrong name is refused without reading the account.
    const chosen = names.map((name) => chooseRole(name, config));
    const sources =
      file === undefined ? [await openLiveAccount()] : await openSnapshots(file, terminal.input);
    const checks = await checkAccounts(sources, chosen, { config, plan: values.plan ?? false });
    const roles = checks.flatMap((check) => check.roles);
    const code = exitCodeOf(roles);
    // Set now: a reader that closes the pipe early still gets the result of the check.
    process.exitCode = code;
    if (values.json) {
      const accounts = sources.map(({ account }) => account);
      const [account = "", from = ""] = sources.flatMap((source) => [source.account, source.from]);
      const document = { schema: 1, account, accounts, from, exitCode: code, roles } as const;
      await terminal.print(formatDocument(CheckOutput, document));
      return code;
    }
    for (const { source, roles: own } of checks) {
      for (const role of own) await terminal.print(...formatRoleCheck(role, terminal), "");
      const summary = `Account ${source.account} (${sanitise(source.from)}): ${formatSummary(own)}`;
      const isLast = source === sources.at(-1);
      await terminal.print(...wrap(summary, terminal.columns), ...(isLast ? [] : [""]));
    }
    const steps = formatNextSteps(roles, sources, values);
    await terminal.print(...steps.flatMap((line) => wrap(line, terminal.columns)));
    return code;
  },
};

/** The checked roles of one account. */
interface AccountCheck {
  readonly source: AccountSource;
  readonly roles: readonly RoleCheck[];
}

async function checkAccounts(
  sources: readonly AccountSource[],
  chosen: readonly WatchedRole[],
  settings: Pick<CheckSettings, "config" | "plan">,
): Promise<readonly AccountCheck[]> {
  const checks: AccountCheck[] = [];
  for (const source of sources) {
    const watchedRoles = chosen.length > 0 ? chosen : await findWatchedRoles(settings.config, source);
    const roles: RoleCheck[] = [];
    // One after the other: IAM throttles per account, and other programs share its limits.
    for (const watched of watchedRoles) roles.push(await checkRole(watched, { ...source, ...settings }));
    checks.push({ source, roles });
  }
  return checks;
}

/** Returns every role that the configuration names, then those of the account that match one of its patterns. */
async function findWatchedRoles(config: Config, { reader }: AccountSource): Promise<readonly WatchedRole[]> {
  const found = [...listWatchedRoles({ config })];
  if (!watchesPatterns({ config })) return found;
  for await (const name of reader.names()) {
    const watched = findWatchedRole({ config }, name);
    if (watched?.pattern !== undefined) found.push(watched);
  }
  return found;
}

// Cap on the output: more is noise.
const maxNames = 20;

function listNames(names: readonly string[]): string {
  const more = names.length - maxNames;
  return (
    names
      .slice(0, maxNames)
      .map((name) => sanitise(name, 80))
      .join(", ") + (more > 0 ? ` and ${more} more` : "")
  );
}

function chooseRole(name: string, config: Config): WatchedRole {
  const watched = findWatchedRole({ config }, name);
  if (watched) return watched;
  throw new UsageError(
    `${sanitise(name, 80)} is not a watched role. The configuration names ${listNames(Object.keys(config.roles))}. Add ${sanitise(name, 80)} to drift-guard.config.ts, or run drift-guard reference capture ${sanitise(name, 80)}.`,
  );
}

/** What to do next about drift, and about policies that a snapshot does not contain. */
function formatNextSteps(
  roles: readonly RoleCheck[],
  [{ advice } = {}]: readonly Partial<AccountSource>[],
  { config, plan }: { readonly config?: string; readonly plan?: boolean },
): readonly string[] {
  const drifted = [...new Set(roles.filter(({ status }) => status === "drift").map(({ role }) => role))];
  const show = [
    "drift-guard",
    "reference",
    "show",
    ...drifted,
    ...(config === undefined ? [] : ["--config", config]),
  ];
  const absent = [...new Set(roles.filter(({ status }) => status === "absent").map(({ role }) => role))];
  const isUnknown = roles.some(({ assessments }) => assessments.some(({ kind }) => kind === "undecided"));
  return [
    ...(absent.length > 0
      ? [
          `AWS Batch was not read, so it is unknown whether anything uses ${listNames(absent)}. A role that AWS Batch does not use need not exist.`,
        ]
      : []),
    ...(drifted.length > 0 ? [`Next: ${show.map(quoteArgument).join(" ")} shows what is required.`] : []),
    ...(drifted.length > 0 && !plan
      ? ["With --plan, drift-guard check prints the commands that fix a role."]
      : []),
    ...(isUnknown && advice !== undefined
      ? [`Policies that the file does not contain are unknown. ${advice}`]
      : []),
  ];
}

function formatSummary(roles: readonly RoleCheck[]): string {
  const drifts = roles.flatMap(({ assessments }) =>
    assessments.filter(({ kind }) => kind === "drift"),
  ).length;
  const count = (...wanted: readonly RoleCheck["status"][]) =>
    roles.filter(({ status }) => wanted.includes(status)).length;
  const clean = count("clean");
  const absent = count("absent");
  const unknown = count("undecided");
  const unreadable = count("unreadable");
  return [
    `${clean} of ${roles.length} ${roles.length === 1 ? "role" : "roles"} clean`,
    ...(absent > 0 ? [`${absent} absent`] : []),
    ...(drifts > 0 ? [`${drifts} ${drifts === 1 ? "drift" : "drifts"}`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
  ].join(", ");
}
