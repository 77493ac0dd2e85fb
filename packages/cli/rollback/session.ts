import { existsSync, statSync } from "node:fs";
import { relative } from "node:path";
import type { Readable } from "node:stream";
import type { Config } from "@drift-guard/core/config/config";
import { type DeploymentPlace, locateDeployment } from "@drift-guard/core/config/deployment";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type {
  ControlStore,
  FindingStore,
  ManagedPolicyReader,
  RoleReader,
  RoleWriter,
  UsageStore,
} from "@drift-guard/core/ports";
import { sanitise } from "@drift-guard/formats/printable";
import type { GuardSettings } from "@drift-guard/guard/ports";
import { adviseOnStage, identifyLiveAccount, openSnapshot } from "../account-source.ts";
import { chooseFileSource, openBatchFiles, refuseOtherAccounts } from "../batch/files.ts";
import { surveyBatch } from "../batch/survey.ts";
import { UsageError } from "../command.ts";
import { findConfigFile, loadConfig } from "../config.ts";
import { compareDeployed, type JudgedBy } from "./configuration.ts";

/** The options that name the guard whose decisions and rollbacks are read. */
export const guardOptions = {
  stage: { type: "string", value: "a NAME" },
  findings: { type: "string", value: "a FILE" },
  config: { type: "string", value: "a FILE" },
  json: { type: "boolean", default: false },
} as const;

/** The option with which a person insists on what is not safe. */
export const forceOption = { force: { type: "boolean", default: false } } as const;

/** The values of `guardOptions`, and `--account` where the command has it. */
export interface GuardChoice {
  readonly stage?: string;
  readonly findings?: string;
  readonly account?: string;
  /** Files with output of `aws batch describe-…`, for `--account`. */
  readonly batch?: readonly string[];
  readonly config?: string;
}

/** What a guard stores: in the tables of a deployment, or in the SQLite file of an embedded guard. */
export interface GuardStores {
  readonly findings: Pick<FindingStore, "load" | "listFindings" | "history">;
  readonly control: Pick<ControlStore, "load">;
  readonly usage: Pick<UsageStore, "usesOf">;
  /** Name of the control table, or the file; printed with the result. */
  readonly from: string;
}

/** The account, live or from a file, and what a guard of it stores. */
export interface RollbackSession {
  readonly settings: GuardSettings;
  readonly config: Config;
  readonly configuration: JudgedBy;
  readonly account: string;
  /** The snapshot file, the endpoint, or `AWS`. */
  readonly from: string;
  readonly roles: Pick<RoleReader, "read">;
  /** Reads customer-managed policies; finds none in a file. */
  readonly policies: ManagedPolicyReader;
  /** Writes roles with the credentials of the AWS SDK; left out for a file. */
  readonly writer?: RoleWriter;
  /** Left out if neither `--stage` nor `--findings` names a guard. */
  readonly stores?: GuardStores;
  /** What AWS Batch uses roles for; left out if neither a guard nor `--batch` tells it. */
  readonly usage?: Pick<UsageStore, "usesOf">;
  close(): void;
}

/**
 * Opens the account and the guard's stores. Throws `UsageError` for options that do not go together, `ConfigError`,
 * `AccountUnreadableError`, and `MessageUnreadableError` for a file that is no account.
 */
export async function openRollbackSession(choice: GuardChoice, input: Readable): Promise<RollbackSession> {
  const { stage, findings, account: file } = choice;
  if (stage !== undefined && findings !== undefined) {
    throw new UsageError(
      "--stage names a deployed guard, and --findings the file of an embedded one. Give one.",
    );
  }
  if (stage !== undefined && file !== undefined) {
    throw new UsageError(
      "--account reads roles from a file, and a deployed guard is about the live account. Give --account or --stage.",
    );
  }
  const { batch = [] } = choice;
  if (batch.length > 0 && file === undefined) {
    throw new UsageError(
      "--batch goes with --account: the guard that --stage or --findings names knows AWS Batch itself.",
    );
  }
  if (file === "-" && batch.includes("-")) {
    throw new UsageError("Standard input can be either --account or --batch, not both.");
  }
  if (findings !== undefined) requireStored(findings);
  const given = choice.config ?? (await findLocalConfig(stage));
  const config = await loadConfig(given);
  const account = await (file === undefined ? openLive(stage) : openFile(file, input));
  const stores =
    stage !== undefined
      ? await openTables(stage, config, account)
      : findings !== undefined
        ? await openFindingsFile(findings)
        : undefined;
  const { partition } = account;
  const configuration = {
    file: findConfigFile(given) ?? "the default configuration",
    ...(stage !== undefined && (await compareDeployed(config, placeOf(stage, config, account)))),
  };
  const settings = { config, account: account.account, partition };
  const survey = batch.length === 0 ? undefined : await surveyFiles(batch, account, settings, input);
  const usage = survey?.usage ?? stores?.usage;
  return {
    ...account,
    config,
    configuration,
    settings,
    ...(stores && { stores }),
    ...(usage && { usage }),
    close: () => {
      survey?.close();
      stores?.close();
    },
  };
}

async function surveyFiles(
  names: readonly string[],
  { account, roles }: OpenedAccount,
  settings: GuardSettings,
  input: Readable,
) {
  const files = await openBatchFiles(names, input);
  refuseOtherAccounts(files, new Set([account]));
  return surveyBatch(chooseFileSource(files, account), roles, settings);
}

type OpenedAccount = Pick<RollbackSession, "account" | "from" | "policies" | "writer"> & {
  readonly partition: string;
  readonly roles: Pick<RoleReader, "read" | "rolesBehind">;
};

async function openFile(file: string, input: Readable): Promise<OpenedAccount> {
  const { account, partition, from, reader } = await openSnapshot(file, input);
  // A file does not show who has a policy.
  return { account, partition, from, roles: reader, policies: { readPolicy: async () => undefined } };
}

async function openLive(stage: string | undefined): Promise<OpenedAccount> {
  const { account, partition, region, from } = await identifyLiveAccount(adviseOnStage(stage));
  const [{ IAMClient }, { createRoleReader }, { createManagedPolicyReader }, { createRoleWriter }] =
    await Promise.all([
      import("@aws-sdk/client-iam"),
      import("@drift-guard/aws/iam/reader"),
      import("@drift-guard/aws/iam/live-policy"),
      import("@drift-guard/aws/iam/writer"),
    ]);
  const client = new IAMClient({ region });
  return {
    account,
    partition,
    from,
    roles: createRoleReader(client, { account, partition }),
    policies: createManagedPolicyReader(client),
    writer: createRoleWriter(client),
  };
}

function placeOf(
  stage: string,
  { regions }: Pick<Config, "regions">,
  { account, partition }: { readonly account: string; readonly partition: string },
): DeploymentPlace {
  return { stage, region: regions.guard, account, partition };
}

/**
 * Returns the file of the configuration with which `local` deployed the guard of the emulated account; undefined for another
 * stage or account.
 */
export async function findLocalConfig(stage: string | undefined): Promise<string | undefined> {
  if (stage !== "local" || process.env.AWS_ENDPOINT_URL === undefined) return undefined;
  const { localConfigFile } = await import("@drift-guard/local/emulators/python");
  return existsSync(localConfigFile) ? relative(process.cwd(), localConfigFile) : undefined;
}

/** What a guard stores, opened; `close` frees its connection or file. */
export interface OpenedStores extends GuardStores {
  close(): void;
}

/** Opens the tables of a deployment in the guard's Region, with the credentials of the AWS SDK. Reads nothing yet. */
export async function openTables(
  stage: string,
  config: Pick<Config, "regions">,
  account: { readonly account: string; readonly partition: string },
): Promise<OpenedStores> {
  const place = placeOf(stage, config, account);
  const { findings: table, control } = locateDeployment(place);
  const [{ DynamoDBClient }, findings, controls, usages] = await Promise.all([
    import("@aws-sdk/client-dynamodb"),
    import("@drift-guard/aws/dynamodb/findings"),
    import("@drift-guard/aws/dynamodb/control"),
    import("@drift-guard/aws/dynamodb/usage"),
  ]);
  const client = new DynamoDBClient({ region: place.region });
  return {
    findings: findings.createFindingStore(client, { table, sinks: [] }),
    control: controls.createControlStore(client, { table: control }),
    usage: usages.createUsageStore(client, { table }),
    from: control,
    close: () => client.destroy(),
  };
}

// SQLite would create a missing file, and the tables in an empty one.
function requireStored(file: string): void {
  const name = sanitise(file, 200);
  if (!existsSync(file)) throw new UsageError(`The findings file ${name} does not exist.`);
  if (statSync(file).size > 0) return;
  throw new UsageError(`The findings file ${name} is empty: no embedded guard has stored anything in it.`);
}

/** Opens the SQLite file of an embedded guard. Throws `UsageError` if it does not exist, or is empty. */
export async function openFindingsFile(file: string): Promise<OpenedStores> {
  requireStored(file);
  const [{ openDatabase }, findings, controls, usages] = await Promise.all([
    import("@drift-guard/embedded/sqlite/database"),
    import("@drift-guard/embedded/sqlite/findings"),
    import("@drift-guard/embedded/sqlite/control"),
    import("@drift-guard/embedded/sqlite/usage"),
  ]);
  const database = openDatabase(file);
  return {
    findings: findings.createFindingStore(database),
    control: controls.createControlStore(database),
    usage: usages.createUsageStore(database),
    from: file,
    close: () => database.close(),
  };
}

/** The ports by which the guard finds a watched role, where it stores nothing. */
export const noStores = {
  usage: { usesOf: async () => [] },
  findings: { load: async (role: RoleKey) => emptyLedger(role) },
};
