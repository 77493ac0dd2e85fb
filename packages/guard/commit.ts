import { LedgerConflictError } from "@drift-guard/core/errors";
import { cleanSinceOf } from "@drift-guard/core/model/finding";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { type Ledger, pruneLedger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore } from "@drift-guard/core/ports";

/** A ledger as it is to be stored, its new transitions, and what the caller wants to know of the decision. */
export interface LedgerDecision<Result> {
  readonly ledger: Ledger;
  readonly transitions: readonly Transition[];
  readonly result: Result;
}

/** Attempts to commit one decision. Many events about one role arrive at once, and of each round one commit succeeds. */
const maxCommitAttempts = 12;

/**
 * Loads a role's ledger, calls `decide` with it, and commits the decision without the entries whose retention has
 * ended. After a conflict it starts again with the new ledger, so `decide` may run several times: it must write nothing,
 * and must read the role itself if it depends on it, so that no older read overwrites a newer one. A decision that
 * returns the same ledger and no transitions is not committed. Throws `LedgerConflictError` after the last attempt,
 * `StoreUnavailableError`, and what `decide` throws.
 */
export async function decideAndCommit<Result>(
  store: Pick<FindingStore, "load" | "commit">,
  role: RoleKey,
  decide: (ledger: Ledger) => LedgerDecision<Result> | Promise<LedgerDecision<Result>>,
): Promise<LedgerDecision<Result>> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await store.load(role);
    const decision = await decide(before);
    if (decision.ledger === before && decision.transitions.length === 0) return decision;
    try {
      const ledger = await store.commit({
        before,
        after: pruneLedger(decision.ledger, newestTime(decision)),
        transitions: decision.transitions,
      });
      return { ...decision, ledger };
    } catch (error) {
      if (!(error instanceof LedgerConflictError) || attempt === maxCommitAttempts) throw error;
    }
  }
}

// A decision carries its own time, so no clock is needed. A time that is too early only prunes too little.
function newestTime({ ledger, transitions }: LedgerDecision<unknown>): Instant {
  const times = [
    ...transitions.map(({ at }) => at),
    ...ledger.findings.flatMap((finding) => [finding.updatedAt, cleanSinceOf(finding) ?? finding.updatedAt]),
  ];
  return instantOf(new Date(Math.max(0, ...times.map((at) => Date.parse(at)))));
}
