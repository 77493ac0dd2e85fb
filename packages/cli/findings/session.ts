import type { Config } from "@drift-guard/core/config/config";
import type { Finding } from "@drift-guard/core/model/finding";
import { adviseOnStage, identifyLiveAccount } from "../account-source.ts";
import { UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { type GuardChoice, type GuardStores, openFindingsFile, openTables } from "../rollback/session.ts";

/** A guard's findings, opened for reading. */
export interface FindingsSession {
  readonly stores: GuardStores;
  readonly config: Config;
  /** The account of a deployed guard; left out for a file, which may hold findings of several. */
  readonly account?: string;
  /** The file, or `stage NAME of account ACCOUNT`. */
  readonly from: string;
  /** The options that name this guard in a command. */
  readonly options: readonly string[];
  /** The stage of a deployed guard. */
  readonly stage?: string;
  close(): void;
}

/**
 * Opens the findings of the guard that the options name. A file needs no credentials; a deployment needs those of a reader
 * of its tables. Throws `UsageError` if not exactly one guard is named, `ConfigError` and `AccountUnreadableError`.
 */
export async function openFindings(
  command: string,
  { stage, findings, config: configFile }: GuardChoice,
): Promise<FindingsSession> {
  if ((stage === undefined) === (findings === undefined)) {
    throw new UsageError(
      `${command} reads what a guard stores: name one guard with --stage NAME, or with --findings FILE for an embedded one.`,
    );
  }
  const config = await loadConfig(configFile);
  if (findings !== undefined) {
    const stores = await openFindingsFile(findings);
    const options = ["--findings", findings];
    return { stores, config, from: findings, options, close: () => stores.close() };
  }
  const { account, partition } = await identifyLiveAccount(adviseOnStage(stage));
  const name = stage ?? "";
  const stores = await openTables(name, config, { account, partition });
  return {
    stores,
    config,
    account,
    from: `stage ${name} of account ${account}`,
    options: ["--stage", name],
    stage: name,
    close: () => stores.close(),
  };
}

/** Returns every stored finding of the guard, in no order. */
export async function readAllFindings({
  stores,
  account,
}: Pick<FindingsSession, "stores" | "account">): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for await (const finding of stores.findings.listFindings()) {
    if (account === undefined || finding.role.account === account) all.push(finding);
  }
  return all;
}
