import { comparePolicies } from "@drift-guard/policy/compare";
import type { Drift } from "../model/evidence.ts";
import type { Role } from "../model/role.ts";
import { joinDocuments, keepStatements, readDocument } from "../policy-json.ts";

/** A trust policy to write. */
export interface TrustRepair {
  readonly document: string;
  /** Whether it trusts anyone whom the live one does not: restoring needs the owner's permission. */
  readonly restores: boolean;
}

/**
 * Returns the trust policy to write: the live one without its excess statements, if that removes all drift, so that
 * hardening stays (2.10); else the reference's (R9). `drifts` holds every drift of the trust policy.
 */
export function repairTrust(role: Role, expected: string, drifts: readonly Drift[]): TrustRepair {
  const options = { kind: "trust", account: role.account, partition: role.partition } as const;
  const bad = new Set(
    drifts.flatMap(({ grants }) =>
      grants.flatMap(({ statements }) => statements.map((ref) => ref.statement)),
    ),
  );
  const kept =
    bad.size > 0 && drifts.every(({ side }) => side === "excess")
      ? withoutStatements(role.trust, bad)
      : undefined;
  if (kept !== undefined) {
    const { relation, excess, missing, undecided } = comparePolicies(kept, expected, options);
    if (relation !== "undecided" && excess.length + missing.length + undecided.length === 0) {
      return { document: kept, restores: false };
    }
  }
  const { relation, missing, hardening, deniesAdded } = comparePolicies(role.trust, expected, options);
  const given = missing.length + hardening.length + deniesAdded.length;
  return { document: expected, restores: given > 0 || relation === "undecided" };
}

/** Returns the live trust policy with the reference's statements added: for a trust that is compared as a floor. */
export function addStatements(live: string, expected: string): TrustRepair {
  return { document: joinDocuments([live, expected]), restores: true };
}

function withoutStatements(text: string, indexes: ReadonlySet<number>): string | undefined {
  try {
    const kept = keepStatements(text, (_, index) => !indexes.has(index));
    return readDocument(kept).Statement.length === 0 ? undefined : kept;
  } catch {
    return undefined;
  }
}
