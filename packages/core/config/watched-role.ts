import { ConfigError } from "../errors.ts";
import { sameRoleName } from "../model/role.ts";
import { findReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import type { Config, GuardedRole } from "./config.ts";

/** A role that the guard watches: the owner's choices for it, and the reference that it is compared with. */
export interface WatchedRole {
  readonly name: string;
  readonly guarded: GuardedRole;
  readonly reference: Reference;
}

/** The configuration, as far as these functions read it. */
interface Settings {
  readonly config: Pick<Config, "roles" | "references">;
}

/** Returns every role of the configuration. Throws `ConfigError` if it names a reference that does not exist. */
export function listWatchedRoles({ config }: Settings): readonly WatchedRole[] {
  return Object.entries(config.roles).map(([name, guarded]) => {
    const wanted = guarded.reference ?? name;
    const reference = findReference(wanted, config.references);
    if (!reference) {
      throw new ConfigError(
        `The configuration compares ${name} with the reference ${wanted}, which does not exist. Check it with defineConfig.`,
      );
    }
    return { name, guarded, reference };
  });
}

/** Returns the watched role of a name, which is compared without case as IAM does, or undefined. */
export function findWatchedRole(settings: Settings, name: string): WatchedRole | undefined {
  return listWatchedRoles(settings).find((watched) => sameRoleName(watched.name, name));
}

/**
 * Returns the name by which a role's reference can be looked up. Empty if the reference was composed from the role's
 * duties, so that no name leads to it.
 */
export function nameReference(
  { reference }: Pick<WatchedRole, "reference">,
  { config }: Settings,
): { readonly reference?: string } {
  const isNamed = findReference(reference.role, config.references) === reference;
  return isNamed ? { reference: reference.role } : {};
}
