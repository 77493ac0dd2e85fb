import { ConfigError } from "../errors.ts";
import { findReference } from "../reference/built-in.ts";
import { isRequiredByUse } from "../reference/by-duty.ts";
import type { Reference } from "../reference/reference.ts";
import type { Config, GuardedRole } from "./config.ts";
import { isNamePattern, matchesName } from "./name-pattern.ts";
import type { Organization } from "./organization.ts";

/** A role that the guard watches: the owner's choices for it, and the reference that it is compared with. */
export interface WatchedRole {
  readonly name: string;
  readonly guarded: GuardedRole;
  readonly reference: Reference;
  /** The pattern of the configuration that the role's name matches; left out if the configuration names the role. */
  readonly pattern?: string;
  /** The organisation of the guarded account; left out if the configuration does not name it. */
  readonly organization?: Organization;
}

/** The configuration, as far as these functions read it. */
interface Settings {
  readonly config: Pick<Config, "roles" | "references" | "organization">;
}

/**
 * Returns every role that the configuration names; not those that only match a pattern. Throws `ConfigError` if it names a
 * reference that does not exist.
 */
export function listWatchedRoles(settings: Settings): readonly WatchedRole[] {
  return [...indexWatchedRoles(settings).named.values()];
}

/**
 * Returns the watched role of a name, which is compared without case as IAM does: the one that the configuration names,
 * else one by the pattern that the name matches, else undefined.
 */
export function findWatchedRole(settings: Settings, name: string): WatchedRole | undefined {
  const { named, patterns } = indexWatchedRoles(settings);
  const key = name.toLowerCase();
  const exact = named.get(key);
  if (exact) return exact;
  // Patterns of a checked configuration do not intersect.
  const matching = patterns.find(({ lowerCased }) => matchesName(lowerCased, key));
  return matching && { name, ...matching.watched };
}

/** Whether the configuration watches roles by patterns, so that the names of all roles must be read to find them. */
export function watchesPatterns({ config }: { readonly config: Pick<Config, "roles"> }): boolean {
  return Object.keys(config.roles).some(isNamePattern);
}

interface WatchedPattern {
  readonly lowerCased: string;
  /** A role that matches, without its name. */
  readonly watched: Omit<WatchedRole, "name">;
}

interface WatchedIndex {
  /** By lower-cased name. */
  readonly named: ReadonlyMap<string, WatchedRole>;
  readonly patterns: readonly WatchedPattern[];
}

// Each message, and each role of a sweep, looks its role up, so that a configuration is searched once.
const indexes = new WeakMap<Settings["config"], WatchedIndex>();

function indexWatchedRoles({ config }: Settings): WatchedIndex {
  const known = indexes.get(config);
  if (known) return known;
  const organization = nameOrganization({ config });
  const named = new Map<string, WatchedRole>();
  const patterns: WatchedPattern[] = [];
  for (const [name, guarded] of Object.entries(config.roles)) {
    const wanted = guarded.reference ?? name;
    const reference = findReference(wanted, config.references);
    if (!reference) {
      throw new ConfigError(
        `The configuration compares ${name} with the reference ${wanted}, which does not exist. Check it with defineConfig.`,
      );
    }
    const lowerCased = name.toLowerCase();
    if (isNamePattern(name)) {
      // No role must match a pattern, so that the absence of one is no drift.
      patterns.push({
        lowerCased,
        watched: { guarded: { ...guarded, required: false }, reference, pattern: name, ...organization },
      });
      continue;
    }
    const required = guarded.required ?? !isRequiredByUse(reference);
    named.set(lowerCased, { name, guarded: { ...guarded, required }, reference, ...organization });
  }
  const index = { named, patterns };
  indexes.set(config, index);
  return index;
}

/** Returns the configuration's organisation as a member of a watched role; empty if it names none. */
export function nameOrganization({ config }: Settings): Pick<WatchedRole, "organization"> {
  return config.organization === undefined ? {} : { organization: config.organization };
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
