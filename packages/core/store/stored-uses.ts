import * as z from "zod";
import { RoleUse, type UsageSubject } from "../batch/role-use.ts";
import type { UsesByRole } from "../batch/uses.ts";
import { digestOf } from "../model/identity.ts";
import { sameRoleName } from "../model/role.ts";

/** What is stored in a role's partition: how one environment or definition uses it. */
export const UsageItem = z.object({ uses: z.array(RoleUse).readonly() });

/** What is stored in the account's partition: an environment or definition, and the names of its roles. */
export const RoleUserItem = z.object({
  subject: z.object({
    kind: z.enum(["compute-environment", "job-definition"]),
    region: z.string(),
    name: z.string(),
  }),
  roles: z.array(z.string()),
  /** Of all its uses: what did not change is not written again. */
  digest: z.string(),
  version: z.number(),
});
export type RoleUserItem = z.infer<typeof RoleUserItem>;

/** What taking an environment or definition in writes. */
export interface UsageWrite {
  readonly item: RoleUserItem;
  /** Roles, by name, whose uses are to be written. */
  readonly puts: readonly (readonly [role: string, uses: readonly RoleUse[]])[];
  /** Names of roles that are not used any more. */
  readonly deletes: readonly string[];
}

/** What taking an environment or definition in changes. */
export interface UsageChange {
  /** Left out where nothing changed. */
  readonly write?: UsageWrite;
  /** Names of the roles that it uses or did. */
  readonly touched: readonly string[];
}

/** Works out what is to be written of an environment or definition, from what is stored of it. */
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
