import type { JobQueue } from "../batch/batch.ts";
import type { RoleReading } from "../model/role.ts";
import { type LinkedRole, linkedRolePath } from "./linked-role.ts";

/** An environment of Batch that works with a service-linked role. */
export interface LinkedEnvironment {
  readonly region: string;
  readonly name: string;
  /** `ENABLED` or `DISABLED`. */
  readonly state: string;
  /** `VALID`, `INVALID`, `DELETING`, … */
  readonly status: string;
}

/** What one region was found to hold of a service-linked role's users. What could not be read may hold anything. */
export type RegionScan =
  | {
      readonly region: string;
      readonly status: "read";
      readonly environments: readonly LinkedEnvironment[];
      /** The job queues that run on one of them, each with all the environments that it runs on, in its order. */
      readonly queues: readonly JobQueue[];
    }
  | { readonly region: string; readonly status: "unread"; readonly why: string };

/** Every environment that was found, of all regions. */
export function environmentsOf(looks: readonly RegionScan[]): readonly LinkedEnvironment[] {
  return looks.flatMap((look) => (look.status === "read" ? look.environments : []));
}

/**
 * How it stands with a service-linked role: as it should be (`present`), not there and not needed (`absent`), not there
 * while environments need it (`wanted`), there with nothing that uses it, which is worth a note (`unused`, R22), or not
 * there while a role of another path has its name (`look-alike`, T8).
 */
export type LinkedRoleStatus = "present" | "unused" | "absent" | "absent-but-needed" | "name-taken";

/** Judges a service-linked role by what was read of it and of its users. A new one is never wrong by itself (R18). */
export function judgeLinkedRole(
  role: LinkedRole,
  reading: RoleReading,
  looks: readonly RegionScan[],
): LinkedRoleStatus {
  const used = environmentsOf(looks).length > 0;
  if (reading.status === "absent") return used ? "absent-but-needed" : "absent";
  if (reading.role.path !== linkedRolePath(role)) return "name-taken";
  // Where a region could not be read, something of it may use the role.
  return used || looks.some(({ status }) => status === "unread") ? "present" : "unused";
}
