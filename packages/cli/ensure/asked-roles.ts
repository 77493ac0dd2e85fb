import { type Config, GuardedRole } from "@drift-guard/core/config/config";
import { nameOrganization } from "@drift-guard/core/config/watched-role";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { UsageStore } from "@drift-guard/core/ports";
import { findReference } from "@drift-guard/core/reference/built-in";
import { sanitise } from "@drift-guard/formats/printable";
import { findWatchedRolesWithUses, type WatchedRoleWithUses } from "@drift-guard/guard/inspect/discovery";
import { UsageError } from "../command.ts";

/** The account whose roles are asked for. */
interface Settings {
  readonly config: Config;
  readonly account: string;
  readonly partition: string;
}

const noFindings = { load: async (role: RoleKey) => emptyLedger(role) };

/**
 * Finds what each asked role should be: by the configuration, by its use in AWS Batch, or by the reference of its name. Each
 * must exist, because a person asks for it. Throws `UsageError` for a name without a reference.
 */
export async function findAskedRoles(
  names: readonly string[],
  usage: Pick<UsageStore, "usesOf">,
  settings: Settings,
): Promise<readonly WatchedRoleWithUses[]> {
  const found = await findWatchedRolesWithUses(names, { usage, findings: noFindings }, settings);
  const known = new Map(found.map((watched) => [watched.name.toLowerCase(), watched]));
  const asked = new Map(names.map((name) => [name.toLowerCase(), name]));
  return [...asked].map(([key, name]) => {
    const watched = known.get(key) ?? findByReference(name, settings);
    return { ...watched, guarded: { ...watched.guarded, required: true } };
  });
}

function findByReference(name: string, { config }: Settings): WatchedRoleWithUses {
  const reference = findReference(name, config.references);
  if (reference) {
    const guarded = GuardedRole.parse({});
    return { name, guarded, reference, uses: [], discovered: false, ...nameOrganization({ config }) };
  }
  throw new UsageError(
    `It is not known what ${sanitise(name, 80)} should be: no reference has its name, the configuration does not name it, and AWS Batch does not use it as far as it was read. Name a reference for it in drift-guard.config.ts.`,
  );
}
