import type { Assessment } from "@drift-guard/core/model/evidence";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { Role } from "@drift-guard/core/model/role";
import { assessRole } from "../inspect/assessment.ts";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { RollbackPorts } from "../ports.ts";

/** A role as rollback itself has just read and assessed it. */
export type Observation =
  | { readonly status: "absent" }
  | {
      readonly status: "present";
      readonly role: Role;
      readonly assessments: readonly Assessment[];
      readonly now: Instant;
    };

/**
 * Reads and assesses a role, without the resource reader: a rollback may not read secrets and keys. Throws
 * `RoleUnreadableError`.
 */
export async function observeRole(
  watched: WatchedRoleWithUses,
  ports: Pick<RollbackPorts, "roles" | "now">,
): Promise<Observation> {
  const reading = await ports.roles.read(watched.name);
  if (reading.status === "absent") return { status: "absent" };
  return {
    status: "present",
    role: reading.role,
    assessments: await assessRole(watched, reading, { now: () => ports.now() }),
    now: instantOf(ports.now()),
  };
}
