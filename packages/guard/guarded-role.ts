import type { GuardedRole } from "@drift-guard/core/config/config";
import { ConfigError } from "@drift-guard/core/errors";
import { sameRoleName } from "@drift-guard/core/model/role";
import { findReference } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import type { GuardSettings } from "./ports.ts";

/** A role that the owner wants guarded, with what it should be. */
export interface Ward {
  readonly name: string;
  readonly guarded: GuardedRole;
  readonly reference: Reference;
}

/** Every guarded role. Throws `ConfigError` where the configuration names a reference that does not exist. */
export function listWards({ config }: Pick<GuardSettings, "config">): readonly Ward[] {
  return Object.entries(config.roles).map(([name, guarded]) => {
    const wanted = guarded.reference ?? name;
    const reference = findReference(wanted, config.references);
    if (!reference) {
      throw new ConfigError(
        `The configuration guards ${name} by the reference ${wanted}, which does not exist. Check it with defineConfig.`,
      );
    }
    return { name, guarded, reference };
  });
}

/** The guarded role of a name, as IAM compares names, or undefined. */
export function findWard(settings: Pick<GuardSettings, "config">, name: string): Ward | undefined {
  return listWards(settings).find((ward) => sameRoleName(ward.name, name));
}

/** The name under which a ward's reference can be looked up; none where it was made up of what uses the role. */
export function nameReference(
  { reference }: Pick<Ward, "reference">,
  { config }: Pick<GuardSettings, "config">,
): { readonly reference?: string } {
  const isNamed = findReference(reference.role, config.references) === reference;
  return isNamed ? { reference: reference.role } : {};
}
