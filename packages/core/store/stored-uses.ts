import * as z from "zod";
import { RoleUse, type UsageSubject } from "../batch/role-use.ts";
import type { UsesByRole } from "../batch/uses.ts";
import { digestOf } from "../model/identity.ts";
import { sameRoleName } from "../model/role.ts";
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

/** Returns the writes that record the uses of an environment or definition; `before` is its stored item, if any. */
export function planUsage(
  before: RoleUserItem | undefined,
  subject: UsageSubject,
  uses: UsesByRole,
): UsageChange {
  const digest = digestOf([...uses].sort(([a], [b]) => (a < b ? -1 : 1)));
  const roles = [...uses.keys()];
  const deletes = (before?.roles ?? []).filter((old) => !roles.some((role) => sameRoleName(role, old)));
  const touched = [...roles, ...deletes];
  if (before ? before.digest === digest : roles.length === 0) return { touched };
  const item = { subject: { ...subject }, roles, digest, version: (before?.version ?? 0) + 1 };
  return { write: { item, puts: [...uses], deletes }, touched };
}
