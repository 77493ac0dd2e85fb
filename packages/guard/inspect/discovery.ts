import { namesRole, type RoleUse } from "@drift-guard/core/batch/role-use";
import { GuardedRole } from "@drift-guard/core/config/config";
import {
  findWatchedRole,
  listWatchedRoles,
  nameOrganization,
  type WatchedRole,
  watchesPatterns,
} from "@drift-guard/core/config/watched-role";
import type { FindingStore, RoleReader, UsageStore } from "@drift-guard/core/ports";
import { referenceByDuty } from "@drift-guard/core/reference/by-duty";
import type { Reference } from "@drift-guard/core/reference/reference";
import type { GuardSettings } from "../ports.ts";

/** A role that the guard inspects, with the uses that AWS Batch makes of it. */
export interface WatchedRoleWithUses extends WatchedRole {
  readonly uses: readonly RoleUse[];
  /**
   * Whether the configuration does not name it, and a pattern or AWS Batch's uses lead to it: then the guard observes it
   * and never writes it.
   */
  readonly discovered: boolean;
  /** Set if nothing leads to it any more, and only its findings are left: they resolve. */
  readonly released?: true;
}

/** Ports that find the watched roles among some names. */
export interface DiscoveryPorts {
  readonly usage: Pick<UsageStore, "usesOf">;
  readonly findings: Pick<FindingStore, "load">;
}

/**
 * Finds the watched roles among some names, each once: roles in the configuration, roles that AWS Batch uses, and roles
 * that were watched before and still have open findings, or items that somebody forged. Throws `ConfigError`,
 * `StoreUnavailableError`.
 */
export async function findWatchedRolesWithUses(
  names: readonly string[],
  ports: DiscoveryPorts,
  settings: GuardSettings,
): Promise<readonly WatchedRoleWithUses[]> {
  const distinct = new Map<string, string>();
  for (const name of names) {
    const key = name.toLowerCase();
    if (!distinct.has(key)) distinct.set(key, name);
  }
  const found = await Promise.all(
    [...distinct.values()].map((name) => findWatchedRoleWithUses(name, ports, settings)),
  );
  return found.filter((watched) => watched !== undefined);
}

/**
 * Lists the names of the roles that the configuration watches: those that it names, and those of the account that match a
 * pattern. Throws `RoleUnreadableError` if it has patterns and the account's names cannot be read.
 */
export async function listConfiguredNames(
  { roles }: { readonly roles: Pick<RoleReader, "names"> },
  settings: GuardSettings,
): Promise<readonly string[]> {
  const names = listWatchedRoles(settings).map(({ name }) => name);
  if (!watchesPatterns(settings)) return names;
  for await (const name of roles.names()) {
    if (findWatchedRole(settings, name)?.pattern !== undefined) names.push(name);
  }
  return names;
}

/**
 * Lists the names of the roles that the configuration does not name and that have findings that are not resolved: a role
 * that matched a pattern and was deleted, and one that nothing watches any more. Throws `StoreUnavailableError`.
 */
export async function listReportedNames(
  { findings }: { readonly findings: Pick<FindingStore, "listFindings"> },
  settings: GuardSettings,
): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const state of ["open", "suppressed"] as const) {
    for await (const { role } of findings.listFindings({ state })) {
      const watched = findWatchedRole(settings, role.name);
      const isNamed = watched !== undefined && watched.pattern === undefined;
      if (role.account === settings.account && !isNamed) names.add(role.name);
    }
  }
  return [...names];
}

/** Lists the names of the roles that AWS Batch is known to use and the configuration does not name. */
export async function listDiscoveredNames(
  { usage }: { readonly usage: Pick<UsageStore, "users"> },
  settings: GuardSettings,
): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { roles } of usage.users(settings.account)) names.push(...roles);
  // A role that matches a pattern is among them: if it was deleted, the account's names no longer lead to it.
  return names.filter((name) => {
    const watched = findWatchedRole(settings, name);
    return watched === undefined || watched.pattern !== undefined;
  });
}

async function findWatchedRoleWithUses(
  name: string,
  ports: DiscoveryPorts,
  settings: GuardSettings,
): Promise<WatchedRoleWithUses | undefined> {
  const guarded = findWatchedRole(settings, name);
  const key = { account: settings.account, name: guarded?.name ?? name };
  const uses = await ports.usage.usesOf(key);
  if (guarded)
    return { ...guarded, ...requireInUse(guarded, uses), uses, discovered: guarded.pattern !== undefined };
  const byDuty = referenceByDuty(name, uses, settings.config.references);
  // A use that names a role of another account says nothing of what this account's role of the same name should be.
  const reference = byDuty ?? createOpenReference(name);
  if (uses.length > 0) {
    const observed = {
      name,
      guarded: GuardedRole.parse({ required: false, paths: [] }),
      reference,
      ...nameOrganization(settings),
    };
    return { ...observed, ...requireInUse(observed, uses), uses, discovered: true };
  }
  const { findings, forged } = await ports.findings.load(key);
  if (!forged && findings.every(({ state }) => state === "resolved")) return undefined;
  // Nothing uses the role any more: a reference that allows everything resolves its findings.
  const released = {
    name,
    guarded: GuardedRole.parse({ required: false, paths: [] }),
    reference: createOpenReference(name),
  };
  return { ...released, uses, discovered: true, released: true };
}

// A role that an environment or a job definition names must exist, even if the configuration does not require it (R18, T10).
function requireInUse({ guarded }: WatchedRole, uses: readonly RoleUse[]): Pick<WatchedRole, "guarded"> {
  return { guarded: { ...guarded, required: guarded.required === true || uses.some(namesRole) } };
}

/** Creates a reference that every role matches. */
function createOpenReference(role: string): Reference {
  return {
    role,
    source: { title: "AWS Batch does not use this role", date: "2026-11-22" },
    trust: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
    attachments: [],
    retired: [],
    boundary: "any",
    strictness: { trust: "off", attachments: "off", floor: "off", ceiling: "open" },
  };
}
