import { LedgerConflictError } from "@drift-guard/core/errors";
import { type Ledger, pruneLedger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingStore } from "@drift-guard/core/ports";

/** What is to become of a ledger. */
export interface Decision<Result> {
  readonly ledger: Ledger;
  readonly transitions: readonly Transition[];
  readonly result: Result;
}

// Many rivals for one role mean many events at once: each round one of them wins.
const rounds = 12;

/**
 * Loads a role's ledger, decides, and commits; where a rival committed meanwhile, decides anew on what he left.
 * The decision reads the role itself where it depends on it, so that no older read overwrites a newer one. What is
 * long over is dropped from the ledger in passing.
 */
export async function decideAndCommit<Result>(
  store: Pick<FindingStore, "load" | "commit">,
  role: RoleKey,
  decide: (ledger: Ledger) => Decision<Result> | Promise<Decision<Result>>,
): Promise<Decision<Result>> {
  for (let round = 1; ; round += 1) {
    const before = await store.load(role);
    const decision = await decide(before);
    if (decision.ledger === before && decision.transitions.length === 0) return decision;
    try {
      const ledger = await store.commit({
        before,
        after: pruneLedger(decision.ledger, newestMoment(decision)),
        transitions: decision.transitions,
      });
      return { ...decision, ledger };
    } catch (error) {
      if (!(error instanceof LedgerConflictError) || round === rounds) throw error;
    }
  }
}

// What was just decided bears its time, so that no clock is needed; at worst it is too early, and drops too little.
function newestMoment({ ledger, transitions }: Decision<unknown>): string {
  const moments = [
    ...transitions.map(({ at }) => at),
    ...ledger.findings.flatMap(({ updatedAt, cleanSince }) => [updatedAt, cleanSince ?? updatedAt]),
    ...ledger.rollbacks.map(({ startedAt }) => startedAt),
  ];
  return new Date(Math.max(0, ...moments.map((at) => Date.parse(at)))).toISOString();
}
