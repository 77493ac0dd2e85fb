import type { Finding } from "./finding.ts";
import type { RoleKey } from "./role.ts";
import type { Rollback } from "./rollback.ts";

/** All that is stored about one role, under one version number. */
export interface Ledger {
  readonly role: RoleKey;
  /** 0 where nothing is stored yet; every commit adds one or more. */
  readonly version: number;
  readonly findings: readonly Finding[];
  readonly rollbacks: readonly Rollback[];
}

/** The ledger of a role that nothing is known about. */
export function emptyLedger(role: RoleKey): Ledger {
  return { role, version: 0, findings: [], rollbacks: [] };
}
