import * as z from "zod";
import { Approval, Exception } from "../model/control.ts";
import { Finding } from "../model/finding.ts";
import { Instant } from "../model/instant.ts";
import { RoleKey } from "../model/role.ts";
import { Rollback } from "../model/rollback.ts";
import { Transition } from "../model/transition.ts";

// What every store holds, beside the keys and the schema's number of core/store/keys.ts.

/** Holds a ledger's version; every commit is conditional on it. */
export const LedgerItem = z.object({ role: RoleKey, version: z.number() });
/** Holds a finding. */
export const FindingItem = z.object({ finding: Finding });
/** Holds a rollback, with the role as it was before. */
export const RollbackItem = z.object({ rollback: Rollback });
/** Holds a transition, and when a sink was last to be told again of it. */
export const TransitionItem = z.object({ transition: Transition, renewedAt: Instant.exactOptional() });

/** Holds an exception that a person made. */
export const ExceptionItem = z.object({ exception: Exception });
/** Holds a person's approval. */
export const ApprovalItem = z.object({ approval: Approval });
/** Holds why rollbacks stopped: a breaker that is open, or a pause. */
export const StopItem = z.object({ reason: z.string() });
/** Holds how much of a budget was spent. */
export const BudgetItem = z.object({ spent: z.number() });
