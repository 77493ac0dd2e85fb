import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import type { WatchedRoleWithUses } from "./discovery.ts";

/** A watched role with its reading; without one, it must still be read by itself. */
export interface BulkReading {
  readonly watched: WatchedRoleWithUses;
  readonly reading?: RoleReading;
}

/**
 * Reads watched roles by account pages and yields each once. A role that the pages do not return, because reading them
 * failed, has no reading, so that one failure does not hide the other roles. `onFailure` receives an error that is no
 * `RoleUnreadableError`; without it, such an error is thrown.
 */
export async function* readRolesInBulk(
  watchedRoles: readonly WatchedRoleWithUses[],
  roles: Pick<RoleReader, "readMany">,
  onFailure?: (error: unknown) => Promise<unknown>,
): AsyncIterable<BulkReading> {
  const left = new Map(watchedRoles.map((watched) => [watched.name.toLowerCase(), watched]));
  try {
    const names = watchedRoles.map(({ name }) => name);
    for await (const reading of roles.readMany(names, (name) =>
      comparesSettings(left.get(name.toLowerCase())),
    )) {
      const name = reading.status === "present" ? reading.role.name : reading.name;
      const watched = left.get(name.toLowerCase());
      if (watched && left.delete(name.toLowerCase())) yield { watched, reading };
    }
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) {
      if (!onFailure) throw error;
      await onFailure(error);
    }
  }
  for (const watched of left.values()) yield { watched };
}

// Account pages show tags, and neither description nor maximum session duration.
function comparesSettings(watched: WatchedRoleWithUses | undefined): boolean {
  const { description, maxSession } = watched?.reference ?? {};
  return description !== undefined || maxSession !== undefined;
}
