import type { Config } from "@drift-guard/core/config/config";
import { nameReference } from "@drift-guard/core/config/watched-role";
import { parseIamArn } from "@drift-guard/core/model/arn";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ResourceReader, UsageStore } from "@drift-guard/core/ports";
import {
  findWatchedRolesWithUses,
  listConfiguredNames,
  listDiscoveredNames,
  type WatchedRoleWithUses,
} from "@drift-guard/guard/inspect/discovery";
import type { AccountSource } from "./account-source.ts";
import type { BatchSurvey } from "./batch/survey.ts";
import type { RoleCheck } from "./output/check.ts";
import { checkRoles } from "./role-check.ts";

/** A role that a person asked for, by its name or ARN. */
export interface AskedRole {
  /** As the person wrote it. */
  readonly text: string;
  readonly name: string;
  /** The account of the ARN; left out for a name. */
  readonly account?: string;
}

/** Reads a role's name or ARN as a person wrote it. */
export function parseAskedRole(text: string): AskedRole {
  const arn = parseIamArn(text);
  return arn?.type === "role" ? { text, name: arn.name, account: arn.account } : { text, name: text };
}

/** The checked roles of one account. */
export interface AccountCheck {
  readonly source: AccountSource;
  /** What AWS Batch uses roles for; undefined if it was not read. */
  readonly survey: BatchSurvey | undefined;
  readonly roles: readonly RoleCheck[];
  /** The names by which `reference show` finds the references of the roles with drift. */
  readonly references: readonly string[];
  /** Roles that were asked for and that this account does not watch. */
  readonly unwatched: readonly AskedRole[];
}

/** What to check in an account. */
export interface CheckRequest {
  readonly config: Config;
  /** The roles to check; empty for every watched role. */
  readonly asked: readonly AskedRole[];
  /** Whether to plan the commands that fix a role. */
  readonly plan?: boolean;
  readonly survey: BatchSurvey | undefined;
  readonly resources?: ResourceReader;
  /** Called with the number of checked roles and of all, after each role. */
  readonly onRole?: (done: number, all: number) => void;
}

/**
 * Checks the watched roles of an account, as the guard finds and judges them: those of the configuration, and those that AWS
 * Batch uses as far as `survey` knows. Throws `RoleUnreadableError` if the names of the account's roles are needed and cannot
 * be read.
 */
export async function checkAccount(
  source: AccountSource,
  { config, asked, plan = false, survey, resources, onRole = () => {} }: CheckRequest,
): Promise<AccountCheck> {
  const { account, partition, reader } = source;
  const settings = { config, account, partition };
  const here = asked.filter((each) => each.account === undefined || each.account === account);
  const names =
    asked.length > 0
      ? here.map(({ name }) => name)
      : [
          ...(await listConfiguredNames({ roles: reader }, settings)),
          ...(survey ? await listDiscoveredNames(survey, settings) : []),
        ];
  const ports = { usage: survey?.usage ?? noUsage, findings: noFindings };
  const watchedRoles = await findWatchedRolesWithUses(names, ports, settings);
  const found = new Set(watchedRoles.map(({ name }) => name.toLowerCase()));
  const context = {
    reader,
    account,
    partition,
    config,
    plan,
    ...(resources && { resources }),
    readEverywhere: survey?.isComplete === true,
    ...(survey?.otherRegions && { otherRegions: survey.otherRegions }),
  };
  const roles: RoleCheck[] = [];
  for await (const role of checkRoles(watchedRoles, context)) {
    roles.push(role);
    onRole(roles.length, watchedRoles.length);
  }
  const drifted = new Set(roles.filter(({ status }) => status === "drift").map(({ role }) => role));
  return {
    source,
    survey,
    roles,
    references: watchedRoles
      .filter(({ name }) => drifted.has(name))
      .flatMap((role) => nameShown(role, config)),
    unwatched: asked.filter((each) => !here.includes(each) || !found.has(each.name.toLowerCase())),
  };
}

// A reference that was composed from a role's duties has no name, so that no command shows it.
function nameShown(watched: WatchedRoleWithUses, config: Config): readonly string[] {
  if (!watched.discovered) return [watched.name];
  const { reference } = nameReference(watched, { config });
  return reference === undefined ? [] : [reference];
}

const noUsage: Pick<UsageStore, "usesOf"> = { usesOf: async () => [] };
const noFindings = { load: async (role: RoleKey) => emptyLedger(role) };
