import type { Config } from "@drift-guard/core/config/config";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import { isSetting } from "@drift-guard/core/model/part";
import { sameRoleName } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { type AccountCheck, type AskedRole, checkAccount, parseAskedRole } from "../account-check.ts";
import { type AccountSource, openLiveAccount, openSnapshots, readFileInstead } from "../account-source.ts";
import { type BatchFiles, chooseFileSource, openBatchFiles, refuseOtherAccounts } from "../batch/files.ts";
import { chooseLiveSource, type LiveBatch, openLiveBatch } from "../batch/live.ts";
import { formatSurvey } from "../batch/summary.ts";
import { type BatchSource, type BatchSurvey, surveyBatch } from "../batch/survey.ts";
import { type Command, type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { findConfigFile, loadConfig } from "../config.ts";
import { formatRoleCheck, unknownHistory } from "../drift-table.ts";
import { CheckOutput, type RoleCheck } from "../output/check.ts";
import { formatDocument } from "../output/json.ts";
import { exitCodeOf, isDefect } from "../role-check.ts";
import { type Terminal, wrap } from "../terminal.ts";

/** `check`: compares the watched roles of an account with their references. */
export const check: Command = {
  help: `Compares the watched roles of an account with their references. Changes nothing.

Usage: drift-guard check [--account FILE] [--batch FILE] [--config FILE]
                         [--plan] [--json] [ROLE…]
       aws iam get-account-authorization-details | drift-guard check -

  ROLE             check only these watched roles, by name or ARN
  --account FILE   the account, as a file with the output of
                   "aws iam get-account-authorization-details", or "-" for
                   standard input; several accounts in one file are checked one
                   after the other (default: the live account of the AWS SDK's
                   credentials, at AWS_ENDPOINT_URL, if set)
  --batch FILE     AWS Batch, as a file with the output of "aws batch
                   describe-compute-environments", "describe-job-definitions"
                   and "describe-job-queues", one after the other or each in a
                   file of its own: repeat --batch (default: the live account's,
                   in the regions of the configuration, or in every enabled
                   region if there is no configuration)
  --config FILE    configuration that names the watched roles (default:
                   drift-guard.config.ts or .json in the working directory,
                   else the three roles of the AWS Batch User Guide)
  --plan           print the AWS CLI commands that fix each role, tried on a
                   copy of it, and what they leave to a person
  --json           print one JSON document (docs/schemas/check.schema.json)

The roles that AWS Batch uses are checked too, with what its job definitions
need, as the guard does.

Exit codes: 0 every role matches its reference, 1 drift, 2 could not determine.
A policy version that AWS itself published is information, not drift.
`,
  async run(args, terminal) {
    const { values, positionals } = parseCommandLine("check", args, {
      account: { type: "string", value: "a FILE" },
      batch: { type: "string", value: "a FILE", multiple: true },
      config: { type: "string", value: "a FILE" },
      plan: { type: "boolean" },
      json: { type: "boolean" },
    });
    const config = await loadConfig(values.config);
    const file = values.account ?? (positionals.includes("-") ? "-" : undefined);
    const asked = positionals.filter((name) => name !== "-").map(parseAskedRole);
    const { batch = [] } = values;
    if (file === "-" && batch.includes("-")) {
      throw new UsageError("Standard input can be either --account or --batch, not both.");
    }
    // Refused first: without AWS Batch, only the configuration says which roles are watched.
    if (file !== undefined && batch.length === 0) refuseUnwatched(asked, config, file);
    const checks = await checkAccounts(
      {
        config,
        asked,
        plan: values.plan ?? false,
        ...(findConfigFile(values.config) !== undefined && { regions: config.regions.batch }),
      },
      { file, batch },
      terminal,
    ).finally(() => terminal.progress(""));
    const roles = checks.flatMap((check) => check.roles);
    const code = codeOf(checks, roles);
    // Set now: a reader that closes the pipe early still gets the result of the check.
    process.exitCode = code;
    if (values.json) {
      await terminal.print(formatDocument(CheckOutput, describeChecks(checks, code)));
      return code;
    }
    for (const check of checks) {
      const { source, survey, roles: own } = check;
      for (const role of own) await terminal.print(...formatRoleCheck(role, terminal), "");
      const summary = `Account ${source.account} (${sanitise(source.from)}): ${formatSummary(own)}`;
      const isLast = check === checks.at(-1);
      await terminal.print(
        ...[summary, ...(survey ? formatSurvey(survey) : [])].flatMap((line) => wrap(line, terminal.columns)),
        ...(isLast ? [] : [""]),
      );
    }
    const steps = formatNextSteps(checks, values, config.exceptions);
    await terminal.print(...steps.flatMap((line) => wrap(line, terminal.columns)));
    return code;
  },
};

/** What to check, with the Regions of the configuration if there is one. */
interface Request {
  readonly config: Config;
  readonly asked: readonly AskedRole[];
  readonly plan: boolean;
  readonly regions?: readonly string[];
}

/** Where the account and AWS Batch are read; the live account without a file. */
interface Inputs {
  readonly file: string | undefined;
  readonly batch: readonly string[];
}

async function checkAccounts(
  request: Request,
  { file, batch }: Inputs,
  terminal: Terminal,
): Promise<readonly AccountCheck[]> {
  const onPage = (count: number) => terminal.progress(`Reading IAM: ${count} roles`);
  const sources =
    file === undefined
      ? [await openLiveAccount({ onPage, alternative: readFileInstead })]
      : await openSnapshots(file, terminal.input);
  const files = batch.length > 0 ? await openBatchFiles(batch, terminal.input) : undefined;
  if (files) refuseOtherAccounts(files, new Set(sources.map(({ account }) => account)));
  const checks: AccountCheck[] = [];
  for (const source of sources) checks.push(await checkSource(source, files, request, terminal));
  const everywhere = request.asked.filter((role) =>
    checks.every(({ unwatched }) => unwatched.includes(role)),
  );
  for (const role of everywhere) throw notWatched(role, request.config, checks, file);
  return checks;
}

async function checkSource(
  source: AccountSource,
  files: BatchFiles | undefined,
  { config, asked, plan, regions }: Request,
  terminal: Terminal,
): Promise<AccountCheck> {
  const { account, partition, live, reader } = source;
  const opened = live && (await openLiveBatch(live));
  const batch = await chooseBatch({ files, opened, live }, account, regions);
  const survey =
    batch &&
    (await surveyBatch(batch, reader, { config, account, partition }, (done) =>
      terminal.progress(`Reading AWS Batch: ${done} of ${batch.regions.length} regions`),
    ));
  try {
    return await checkAccount(source, {
      config,
      asked,
      plan,
      survey,
      ...(opened && { resources: opened.resources }),
      onRole: (done, all) => terminal.progress(`Checking: ${done} of ${all} roles`),
    });
  } finally {
    survey?.close();
  }
}

async function chooseBatch(
  from: {
    readonly files: BatchFiles | undefined;
    readonly opened: LiveBatch | undefined;
    readonly live: AccountSource["live"];
  },
  account: string,
  regions: readonly string[] | undefined,
): Promise<BatchSource | undefined> {
  if (from.files) return chooseFileSource(from.files, account);
  return from.opened && from.live && chooseLiveSource(from.opened, from.live, regions);
}

/** Drift outweighs what is unknown: a Region of AWS Batch that could not be read, or a file that is cut. */
function codeOf(checks: readonly AccountCheck[], roles: readonly RoleCheck[]): ExitCode {
  const isUnread = checks.some(
    ({ survey }) => survey && (survey.unread.length > 0 || (survey.cut ?? []).length > 0),
  );
  const code = exitCodeOf(roles);
  return code === 0 && isUnread ? 2 : code;
}

function describeChecks(checks: readonly AccountCheck[], exitCode: ExitCode) {
  const [first] = checks;
  return {
    schema: 1 as const,
    account: first?.source.account ?? "",
    accounts: checks.map(({ source }) => source.account),
    from: first?.source.from ?? "",
    batch: checks.flatMap(({ source, survey }) =>
      survey ? [{ account: source.account, ...describeSurvey(survey) }] : [],
    ),
    exitCode,
    roles: checks.flatMap(({ roles }) => roles),
  };
}

function describeSurvey({ from, regions, unread, unlisted, absent = [], cut = [] }: BatchSurvey) {
  return { from, regions, unread, absent, cut, ...(unlisted !== undefined && { unlisted }) };
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

function refuseUnwatched(asked: readonly AskedRole[], config: Config, file: string): void {
  for (const role of asked) {
    if (!findWatchedRole({ config }, role.name)) throw notWatched(role, config, [], file);
  }
}

/** Why a role cannot be checked: AWS Batch was read in `checks`, or not at all. */
function notWatched(
  { text, name, account }: AskedRole,
  config: Config,
  checks: readonly AccountCheck[],
  file: string | undefined,
): UsageError {
  const shown = sanitise(name, 80);
  const accounts = checks.map(({ source }) => source.account);
  if (account !== undefined && accounts.length > 0 && !accounts.includes(account)) {
    return new UsageError(
      `${sanitise(text, 200)} is of another account than ${accounts.join(", ")}, which was read.`,
    );
  }
  const surveys = checks.flatMap(({ survey }) => survey ?? []);
  const batch =
    surveys.length > 0
      ? `AWS Batch does not use it${surveys.every(({ isComplete }) => isComplete) ? "" : " as far as it was read"}. ${surveys.flatMap(formatSurvey).join(" ")}`
      : "A role that AWS Batch uses is found with --batch FILE.";
  // Standard input cannot be read twice.
  const from = file === undefined || file === "-" ? [] : ["--account", file];
  const capture = ["drift-guard", "reference", "capture", name, ...from].map(quoteArgument).join(" ");
  return new UsageError(
    `${shown} is not a watched role. The configuration names ${listNames(Object.keys(config.roles))}. ${batch} Add ${shown} to drift-guard.config.ts, or write a reference for it with: ${capture}`,
  );
}

/** What to do next about drift, and about policies that a snapshot does not contain. */
function formatNextSteps(
  checks: readonly AccountCheck[],
  { config, plan }: { readonly config?: string; readonly plan?: boolean },
  exceptions: Config["exceptions"],
): readonly string[] {
  const roles = checks.flatMap((check) => check.roles);
  const advice = checks[0]?.source.advice;
  const references = [...new Set(checks.flatMap((check) => check.references))];
  const show = [
    "drift-guard",
    "reference",
    "show",
    ...references,
    ...(config === undefined ? [] : ["--config", config]),
  ];
  const isUnknown = roles.some(({ assessments }) =>
    assessments.some(({ kind, part }) => kind === "undecided" && !isSetting(part)),
  );
  const isAccepted = exceptions.some(({ role: name }) =>
    roles.some(({ role, status }) => status === "drift" && sameRoleName(role, name)),
  );
  return [
    ...formatReading(checks),
    ...(isAccepted
      ? [
          "Exceptions of the configuration are not counted here: a deployed guard suppresses what they accept.",
        ]
      : []),
    ...(references.length > 0 ? [`Next: ${show.map(quoteArgument).join(" ")} shows what is required.`] : []),
    ...(roles.some(hasCommands) && !plan
      ? ["With --plan, drift-guard check prints the commands that fix a role."]
      : []),
    ...(roles.some((check) => (check.plan?.groups.length ?? 0) > 0) ? [unknownHistory] : []),
    ...(isUnknown && advice !== undefined
      ? [`Policies that the file does not contain are unknown. ${advice}`]
      : []),
  ];
}

/** Of which accounts AWS Batch was not read, and what that leaves unknown about absent roles (T10): a line for each case. */
function formatReading(checks: readonly AccountCheck[]): readonly string[] {
  const cases = checks.flatMap(({ source: { account }, survey, roles }) => {
    if (survey?.isComplete) return [];
    const absent = roles.filter(({ status }) => status === "absent").map(({ role }) => role);
    return [{ account, isRead: survey !== undefined, unknown: listNames(absent) }];
  });
  const groups = Map.groupBy(cases, ({ isRead, unknown }) => `${isRead} ${unknown}`);
  return [...groups.values()].flatMap((group) => {
    const [{ isRead, unknown } = { isRead: true, unknown: "" }] = group;
    if (isRead && unknown === "") return [];
    const accounts = listNames(group.map(({ account }) => account));
    const what = `AWS Batch of ${group.length === 1 ? "account" : "accounts"} ${accounts}`;
    const how = isRead
      ? `${what} was not completely read`
      : `${what} was not read (--batch FILE takes the output of its describe calls)`;
    return unknown === ""
      ? [`${how}.`]
      : [
          `${how}, so it is unknown whether anything there uses ${unknown}: a role that AWS Batch does not use need not exist.`,
        ];
  });
}

function hasCommands({ assessments }: RoleCheck): boolean {
  return assessments.some((one) => one.kind === "drift" && one.fix?.kind === "steps");
}

function formatSummary(roles: readonly RoleCheck[]): string {
  const drifts = roles.flatMap(({ assessments }) => assessments.filter(isDefect)).length;
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
