import { LedgerConflictError } from "@drift-guard/core/errors";
import { cleanSinceOf, type Finding } from "@drift-guard/core/model/finding";
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
 * returns the same ledger and no transitions is not committed, unless items of the ledger are forged or outdated. Transitions
 * whose numbers are taken are numbered anew. Throws `LedgerConflictError` after the last attempt,
 * `StoreUnavailableError`, and what `decide` throws.
 */
export async function decideAndCommit<Result>(
  store: Pick<FindingStore, "load" | "commit">,
  role: RoleKey,
  decide: (ledger: Ledger) => LedgerDecision<Result> | Promise<LedgerDecision<Result>>,
): Promise<LedgerDecision<Result>> {
  const used = new Map<string, number>();
  for (let attempt = 1; ; attempt += 1) {
    const before = await store.load(role);
    addNumbers(used, before.usedNumbers);
    const decision = numberTransitions(await decide(before), before, used);
    const isSame = decision.ledger === before && decision.transitions.length === 0;
    if (isSame && !before.forged && !before.outdated) return decision;
    try {
      const ledger = await store.commit({
        before,
        after: pruneLedger(decision.ledger, newestTime(decision)),
        transitions: decision.transitions,
      });
      return { ...decision, ledger };
    } catch (error) {
      if (!(error instanceof LedgerConflictError) || attempt === maxCommitAttempts) throw error;
      addNumbers(used, error.usedNumbers);
    }
  }
}

function addNumbers(used: Map<string, number>, more: ReadonlyMap<string, number> | undefined): void {
  for (const [id, number] of more ?? []) used.set(id, Math.max(number, used.get(id) ?? 0));
}

/**
 * Returns a decision whose new transitions are numbered after those that are stored: of a finding that somebody removed
 * from the ledger, `used` has the number of the last one.
 */
function numberTransitions<Result>(
  decision: LedgerDecision<Result>,
  before: Ledger,
  used: ReadonlyMap<string, number>,
): LedgerDecision<Result> {
  if (used.size === 0) return decision;
  const known = new Map(before.findings.map(({ id, seq }) => [id, seq]));
  const renumber = (finding: Finding): Finding => {
    const last = known.get(finding.id) ?? 0;
    const lag = (used.get(finding.id) ?? 0) - last;
    return lag > 0 && finding.seq > last ? { ...finding, seq: finding.seq + lag } : finding;
  };
  return {
    ...decision,
    ledger: { ...decision.ledger, findings: decision.ledger.findings.map(renumber) },
    transitions: decision.transitions.map((transition) => {
      const finding = renumber(transition.finding);
      return { ...transition, finding, id: `${finding.id}#${finding.seq}` };
    }),
  };
}

// A decision carries its own time, so no clock is needed. A time that is too early only prunes too little.
function newestTime({ ledger, transitions }: LedgerDecision<unknown>): Instant {
  const times = [
    ...transitions.map(({ at }) => at),
    ...ledger.findings.flatMap((finding) => [finding.updatedAt, cleanSinceOf(finding) ?? finding.updatedAt]),
  ];
  return instantOf(new Date(Math.max(0, ...times.map((at) => Date.parse(at)))));
}
