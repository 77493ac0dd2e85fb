import { LedgerConflictError } from "@drift-guard/core/errors";
import type { RoleKey } from "@drift-guard/core/model/role";
import { decideAndCommit } from "../commit.ts";
import type { SweepPorts } from "../ports.ts";

/** What became of roles whose stored items an older version wrote. */
export interface MigrationReport {
  /** Number of roles whose items have the present schema now. */
  readonly roles: number;
  /** Number of transitions written with the present schema. */
  readonly transitions: number;
  /** Keys of items that cannot be read and stay as they are. */
  readonly unreadable: readonly string[];
  /** Names of the roles that there was no time for, or that other processes kept changing. */
  readonly left: readonly string[];
}

/**
 * Writes the ledgers and transitions of roles with the present schema. It makes no transition and may be repeated: what is
 * migrated stays as it is. `signal` ends it before the next role. Throws `StoreUnavailableError`.
 */
export async function migrateRoles(
  roles: readonly RoleKey[],
  { findings }: Pick<SweepPorts, "findings">,
  signal?: AbortSignal,
): Promise<MigrationReport> {
  let done = 0;
  let transitions = 0;
  const unreadable: string[] = [];
  const left: string[] = [];
  for (const role of roles) {
    if (signal?.aborted) {
      left.push(role.name);
      continue;
    }
    // The ledger last: as long as it has the older schema, the role counts as not migrated.
    const upgrade = await findings.upgradeTransitions(role);
    transitions += upgrade.upgraded;
    unreadable.push(...upgrade.unreadable);
    try {
      await decideAndCommit(findings, role, (ledger) => ({ ledger, transitions: [], result: undefined }));
      done += 1;
    } catch (error) {
      if (!(error instanceof LedgerConflictError)) throw error;
      left.push(role.name);
    }
  }
  return { roles: done, transitions, unreadable, left };
}
