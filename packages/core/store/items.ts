import * as z from "zod";
import { Approval } from "../model/approval.ts";
import { Exception } from "../model/exception.ts";
import { Finding } from "../model/finding.ts";
import { Instant } from "../model/instant.ts";
import { RoleKey } from "../model/role.ts";
import { Rollback } from "../model/rollback.ts";
import { Transition } from "../model/transition.ts";
import { schema } from "./keys.ts";

// The items of every store. Each also has its keys and the number of its schema (store/keys.ts).

/** A ledger's version, on which every commit is conditional. */
export const LedgerItem = z.object({ role: RoleKey, version: z.number() });
/** A finding. */
export const FindingItem = z.object({ finding: Finding });
/** A rollback, with the role before it. */
export const RollbackItem = z.object({ rollback: Rollback });
/** A transition, and when it was last marked for delivery again. */
export const TransitionItem = z.object({ transition: Transition, renewedAt: Instant.exactOptional() });

/** An exception. */
export const ExceptionItem = z.object({ exception: Exception });
/** An answer that was given. */
export const AnswerItem = z.object({ at: Instant });
/** An approval. */
export const ApprovalItem = z.object({ approval: Approval });
/** Why rollbacks are stopped: an open breaker, or a pause. */
export const StopItem = z.object({ reason: z.string() });
/** The number of rollbacks spent from a budget. */
export const BudgetItem = z.object({ spent: z.number() });

/**
 * Returns a value as an item without its keys: encoded by its shape, with the number of the schema. Fields that the shape
 * does not have are left out. Throws `ZodError` for a value that its shape refuses.
 */
export function encodeItem<Shape extends z.ZodType<object, object>>(
  shape: Shape,
  value: z.output<Shape>,
): { readonly schema: typeof schema } & z.input<Shape> {
  return { ...z.encode(shape, value), schema };
}
