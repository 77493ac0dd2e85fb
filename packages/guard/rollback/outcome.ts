import type { Rollback } from "@drift-guard/core/model/rollback";

/** How a request for a rollback ended. */
export type RollbackOutcome =
  | { readonly status: "nothing-to-do"; readonly why: string }
  | { readonly status: "refused"; readonly reason: string }
  | { readonly status: "done" | "failed"; readonly rollback: Rollback };

/** The outcome of a request that asks for no change of a role; `why` is a clause without a full stop. */
export function nothingToDo(why: string): RollbackOutcome {
  return { status: "nothing-to-do", why };
}
