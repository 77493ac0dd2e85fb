import * as z from "zod";
import { Approval } from "../model/approval.ts";
import { Change } from "../model/change.ts";
import {
  Attempts,
  Closure,
  Enrolment,
  Pause,
  RecordedCause,
  Reset,
  Unexplained,
  UnreadSince,
} from "../model/control.ts";
import { Exception } from "../model/exception.ts";
import { Finding } from "../model/finding.ts";
import { Instant } from "../model/instant.ts";
import { ObservingPhase } from "../model/observing.ts";
import { Plan } from "../model/plan.ts";
import { Role, RoleKey } from "../model/role.ts";
import { RollbackProgress } from "../model/rollback.ts";
import { Transition } from "../model/transition.ts";
import { schema } from "./keys.ts";

// The items of every store. Each also has its keys and the number of its schema (store/keys.ts).

/**
 * A ledger's version, on which every commit is conditional, and the index of its findings (store/ledger-index.ts). Schema 1
 * has no index.
 */
export const LedgerItem = z.object({
  role: RoleKey,
  version: z.int().min(1),
  index: z.record(z.string(), z.string()).exactOptional(),
});
/** A finding, and the version of the ledger that wrote it. Schema 1 has no version. */
export const FindingItem = z.object({ finding: Finding, version: z.int().min(1).exactOptional() });
/** A transition, when it was last marked for delivery again, and what people were told with it (`Delivery.told`). */
export const TransitionItem = z.object({
  transition: Transition,
  renewedAt: Instant.exactOptional(),
  told: z.string().exactOptional(),
});
/** A change whose role is read again. */
export const ChangeItem = z.object({ change: Change });

/** An exception. */
export const ExceptionItem = z.object({ exception: Exception });
/** An answer that was given. */
export const AnswerItem = z.object({ at: Instant });
/** An approval. */
export const ApprovalItem = z.object({ approval: Approval });
/** A pause of one role, or of the account. */
export const PauseItem = z.object({ pause: Pause });
/** A reset of the attempts on a finding. */
export const ResetItem = z.object({ reset: Reset });
/** A person's answer to a foreign call with the guard's credentials. */
export const ClosureItem = z.object({ closure: Closure });

/** The version of what rollback has stored about a role, on which every commit is conditional; and what is small. */
export const ControlItem = z.object({
  role: RoleKey,
  version: z.number(),
  /** The account's observing phase, as of the last commit. */
  observing: ObservingPhase.exactOptional(),
  enrolment: Enrolment.exactOptional(),
  nextTry: Instant.exactOptional(),
  unread: UnreadSince.exactOptional(),
  unexplained: z.array(Unexplained).readonly().exactOptional(),
});
/** The attempts on every finding of a role. */
export const AttemptsItem = z.object({ attempts: z.array(Attempts) });
/** The causes of a role's drifts. */
export const CausesItem = z.object({ causes: z.array(RecordedCause) });
/** The plan of a rollback and the role before it, which never change. */
export const PlanItem = z.object({ plan: Plan, before: Role });
/** A rollback without its plan, written again with each step. */
export const RollbackItem = z.object({ rollback: RollbackProgress });
/** A request id of the guard's own calls. */
export const OwnCallItem = z.object({ rollbackId: z.string(), at: Instant });
/** The ids of the rollbacks that restored something in one hour. */
export const RestoringItem = z.object({ rollbacks: z.array(z.string()) });

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
