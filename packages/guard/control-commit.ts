import { ControlConflictError } from "@drift-guard/core/errors";
import { type Control, pruneControl } from "@drift-guard/core/model/control";
import type { Instant } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore } from "@drift-guard/core/ports";

/** A control record as it is to be stored, and what the caller wants to know of the decision. */
export interface ControlDecision<Result> {
  readonly control: Control;
  readonly result: Result;
}

/** Attempts to commit one decision: several messages about one role may arrive at once. */
const maxCommitAttempts = 12;

/**
 * Loads a role's control record, calls `decide` with it, and commits the decision without what no decision needs any more.
 * After a conflict it starts again with the new record, so `decide` may run several times: it must write nothing, and must
 * read the role itself if it depends on it. A decision that returns the same record is not committed. Throws
 * `ControlConflictError` after the last attempt, `StoreUnavailableError`, and what `decide` throws.
 */
export async function decideOnControl<Result>(
  store: Pick<ControlStore, "load" | "commit">,
  role: RoleKey,
  now: Instant,
  decide: (control: Control) => ControlDecision<Result> | Promise<ControlDecision<Result>>,
): Promise<ControlDecision<Result>> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await store.load(role);
    const decision = await decide(before);
    if (decision.control === before) return decision;
    try {
      const control = await store.commit({ before, after: pruneControl(decision.control, now) });
      return { ...decision, control };
    } catch (error) {
      if (!(error instanceof ControlConflictError) || attempt === maxCommitAttempts) throw error;
    }
  }
}
