import type { Config } from "@drift-guard/core/config/config";
import { sameRoleName } from "@drift-guard/core/model/role";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "../command.ts";

/** Every reference by which a role can be guarded: the owner's own, and the built-in ones that it does not replace. */
export function listKnownReferences({ references: own }: Pick<Config, "references">): readonly Reference[] {
  const builtIn = builtInReferences().filter(
    ({ role }) => !own.some((other) => sameRoleName(other.role, role)),
  );
  return [...own, ...builtIn];
}

/** The references of these names, or of the roles that the configuration guards by one; throws `UsageError`. */
export function chooseReferences(names: readonly string[], config: Config): readonly Reference[] {
  const known = listKnownReferences(config);
  const aliases = new Map(
    Object.entries(config.roles).map(([name, role]) => [name.toLowerCase(), role.reference ?? name]),
  );
  return names.map((name) => {
    const wanted = aliases.get(name.toLowerCase()) ?? name;
    const found = known.find(({ role }) => sameRoleName(role, wanted));
    if (found) return found;
    throw new UsageError(
      `There is no reference ${sanitise(name, 80)}; there are ${known.map(({ role }) => role).join(", ")}.`,
    );
  });
}

/** Whether a reference is one that comes with the guard. */
export function isBuiltIn(reference: Reference): boolean {
  return builtInReferences().includes(reference);
}
