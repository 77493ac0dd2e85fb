import type { EndedRollback, RunningRollback } from "@drift-guard/core/model/rollback";

/** How a message of the rollback queue ended. */
export type RollbackOutcome =
  | { readonly status: "nothing-to-do"; readonly why: string }
  | { readonly status: "refused"; readonly reason: string }
  /** The role's id and the time of this clean read are recorded. */
  | { readonly status: "enrolled" }
  /** The rest of the rollback follows with a later message. */
  | { readonly status: "continues"; readonly rollback: RunningRollback }
  | { readonly status: "done" | "failed"; readonly rollback: EndedRollback };

/** The outcome of a request that asks for no change of a role; `why` is a clause without a full stop. */
export function nothingToDo(why: string): RollbackOutcome {
  return { status: "nothing-to-do", why };
}
