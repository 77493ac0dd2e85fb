import { ConfigError } from "../errors.ts";
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
export function listWatchedRoles(settings: Settings): readonly WatchedRole[] {
  return [...indexWatchedRoles(settings).values()];
}

/** Returns the watched role of a name, which is compared without case as IAM does, or undefined. */
export function findWatchedRole(settings: Settings, name: string): WatchedRole | undefined {
  return indexWatchedRoles(settings).get(name.toLowerCase());
}

// Each message, and each role of a sweep, looks its role up, so that a configuration is searched once.
const indexes = new WeakMap<Settings["config"], ReadonlyMap<string, WatchedRole>>();

/** Returns the roles of the configuration by their lower-cased names. */
function indexWatchedRoles({ config }: Settings): ReadonlyMap<string, WatchedRole> {
  const known = indexes.get(config);
  if (known) return known;
  const index = new Map(
    Object.entries(config.roles).map(([name, guarded]) => {
      const wanted = guarded.reference ?? name;
      const reference = findReference(wanted, config.references);
      if (!reference) {
        throw new ConfigError(
          `The configuration compares ${name} with the reference ${wanted}, which does not exist. Check it with defineConfig.`,
        );
      }
      return [name.toLowerCase(), { name, guarded, reference }];
    }),
  );
  indexes.set(config, index);
  return index;
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
