import type { Config } from "@drift-guard/core/config/config";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import { sameRoleName } from "@drift-guard/core/model/role";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "../command.ts";

/** Every reference that a role can be compared with: the owner's own, then the built-in ones they do not replace. */
export function listKnownReferences({ references: own }: Pick<Config, "references">): readonly Reference[] {
  const builtIn = builtInReferences().filter(
    ({ role }) => !own.some((other) => sameRoleName(other.role, role)),
  );
  return [...own, ...builtIn];
}

/**
 * The references of these names. A watched role's name stands for the reference that the configuration gives it. Throws
 * `UsageError` for a name without a reference.
 */
export function chooseReferences(names: readonly string[], config: Config): readonly Reference[] {
  const known = listKnownReferences(config);
  return names.map((name) => {
    const watched = findWatchedRole({ config }, name);
    if (watched) return watched.reference;
    const found = known.find(({ role }) => sameRoleName(role, name));
    if (found) return found;
    throw new UsageError(
      `There is no reference ${sanitise(name, 80)}, only ${known.map(({ role }) => role).join(", ")}.`,
    );
  });
}

/** Whether a reference comes with the guard. */
export function isBuiltIn(reference: Reference): boolean {
  return builtInReferences().includes(reference);
}
