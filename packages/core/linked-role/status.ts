import type { JobQueue } from "../batch/batch.ts";
import type { RoleReading } from "../model/role.ts";
import { type LinkedRole, linkedRolePath } from "./linked-role.ts";

/** A compute or service environment that uses a service-linked role. */
export interface LinkedEnvironment {
  readonly region: string;
  readonly name: string;
  /** `ENABLED` or `DISABLED`. */
  readonly state: string;
  /** `VALID`, `INVALID`, `DELETING`, … */
  readonly status: string;
}

/** The environments and queues of one region that use a service-linked role. A region that is unread may have any. */
export type RegionScan =
  | {
      readonly region: string;
      readonly status: "read";
      readonly environments: readonly LinkedEnvironment[];
      /** The job queues that use one of these environments, each with all its environments, in its order. */
      readonly queues: readonly JobQueue[];
    }
  | { readonly region: string; readonly status: "unread"; readonly why: string };

/** A scan of an account for what uses a service-linked role, and the Regions that it does not cover. */
export interface AccountScan {
  readonly scans: readonly RegionScan[];
  /** Regions that the account has not enabled. */
  readonly notEnabled: readonly string[];
  /** Regions of the partition that were not scanned and may have anything. */
  readonly leftOut: readonly string[];
  /** Why the account's Regions could not be listed: one that is unread may then not be enabled. */
  readonly unlisted?: string;
}

/** Whether every Region of the partition in which the role may be used was read (R25). */
export function coversPartition({ scans, leftOut }: Pick<AccountScan, "scans" | "leftOut">): boolean {
  return leftOut.length === 0 && scans.every(({ status }) => status === "read");
}

/** Returns the environments of all regions that were read. */
export function environmentsOf(scans: readonly RegionScan[]): readonly LinkedEnvironment[] {
  return scans.flatMap((scan) => (scan.status === "read" ? scan.environments : []));
}

/**
 * The status of a service-linked role: it exists and is used (`present`), exists and nothing uses it (`unused`, R22), does
 * not exist and nothing needs it (`absent`), does not exist and environments need it (`absent-but-needed`), or does not
 * exist and a role at another path has its name (`name-taken`, T8).
 */
export type LinkedRoleStatus = "present" | "unused" | "absent" | "absent-but-needed" | "name-taken";

/**
 * Returns the status of a service-linked role. A role that AWS created since is `present`: no age is wrong (R18). It is
 * `unused` only if every Region of the partition was read: none is in `leftOut`, and none is unread (R25).
 */
export function judgeLinkedRole(
  role: LinkedRole,
  reading: RoleReading,
  scans: readonly RegionScan[],
  leftOut: readonly string[] = [],
): LinkedRoleStatus {
  const used = environmentsOf(scans).length > 0;
  if (reading.status === "absent") return used ? "absent-but-needed" : "absent";
  if (reading.role.path !== linkedRolePath(role)) return "name-taken";
  return used || !coversPartition({ scans, leftOut }) ? "present" : "unused";
}
