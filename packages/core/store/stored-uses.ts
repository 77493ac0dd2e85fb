import * as z from "zod";
import { RoleUse, type RoleUser, type UsageSubject } from "../batch/role-use.ts";
import type { UsesByRole } from "../batch/uses.ts";
import { digestOf } from "../model/identity.ts";
import { sameRoleName } from "../model/role.ts";
import { findingKeys } from "./keys.ts";
import { maxHonestVersion } from "./versions.ts";

/** The item in a role's partition: how one environment or definition uses the role. */
export const UsageItem = z.object({ uses: z.array(RoleUse).readonly() });

/** The item in the account's partition: an environment or definition, and the names of its roles. */
export const RoleUserItem = z.object({
  subject: z.object({
    kind: z.enum(["compute-environment", "job-definition"]),
    region: z.string(),
    name: z.string(),
  }),
  roles: z.array(z.string()),
  /** Digest of all its uses; equal uses are not written again. */
  digest: z.string(),
  version: z.int().min(1).max(maxHonestVersion),
});
export type RoleUserItem = z.infer<typeof RoleUserItem>;

/** The writes that record an environment or definition. */
export interface UsageWrite {
  readonly item: RoleUserItem;
  /** The uses to write, by role name. */
  readonly puts: readonly (readonly [role: string, uses: readonly RoleUse[]])[];
  /** Names of roles whose uses are to be deleted. */
  readonly deletes: readonly string[];
}

/** The effect of recording an environment or definition. */
export interface UsageChange {
  /** Left out if nothing changed. */
  readonly write?: UsageWrite;
  /** Names of the roles that it uses now or used before. */
  readonly touched: readonly string[];
}

/**
 * Returns the writes that record the uses of an environment or definition; `before` is its stored item, if any. With
 * `anew`, they are written even if `before` says that they are the same.
 */
export function planUsage(
  before: RoleUserItem | undefined,
  subject: UsageSubject,
  uses: UsesByRole,
  anew = false,
): UsageChange {
  const digest = digestOf([...uses].sort(([a], [b]) => (a < b ? -1 : 1)));
  const roles = [...uses.keys()];
  const deletes = (before?.roles ?? []).filter((old) => !roles.some((role) => sameRoleName(role, old)));
  const touched = [...roles, ...deletes];
  if (before ? before.digest === digest && !anew : roles.length === 0) return { touched };
  const item = { subject: { ...subject }, roles, digest, version: (before?.version ?? 0) + 1 };
  return { write: { item, puts: [...uses], deletes }, touched };
}

/**
 * Whether the stored items of an environment or definition are what was recorded: its own names exactly its roles, and
 * `stored` returns the uses that are stored for each.
 */
export function areRecorded(
  own: RoleUserItem,
  uses: UsesByRole,
  stored: ReadonlyMap<string, readonly RoleUse[] | undefined>,
): boolean {
  const names = (roles: Iterable<string>) => digestOf([...roles].map((role) => role.toLowerCase()).sort());
  if (names(own.roles) !== names(uses.keys())) return false;
  return [...uses].every(([role, expected]) => {
    const found = stored.get(role);
    return found !== undefined && digestOf(found) === digestOf(UsageItem.encode({ uses: expected }).uses);
  });
}

/** Returns the keys of the uses that the recorded environments and definitions have of a role. */
export function listUseKeys(role: string, users: readonly RoleUser[]): ReadonlySet<string> {
  const own = users.filter(({ roles }) => roles.some((each) => sameRoleName(each, role)));
  return new Set(own.map(({ subject }) => findingKeys.usage(subject)));
}
