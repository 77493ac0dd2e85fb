import * as z from "zod";
import { Change } from "./change.ts";
import { Instant } from "./instant.ts";

const role = z.string().min(1).max(64);

/** A message that one of the guard's functions sends to the rollback queue. No rule of EventBridge can write one. */
export const RollbackRequest = z.union([
  /** A complete read found the role clean: rollback reads it itself and records its id and the time. */
  z.object({ enrol: z.object({ role, at: Instant }) }),
  /** A change was inspected: its actor is recorded as the cause of the drifts that it explains. */
  z.object({ changed: z.object({ role, change: Change }) }),
  /** A rollback may have been cut off: it is continued or closed, and people are told. */
  z.object({ continue: z.object({ role, rollbackId: z.string() }) }),
  /**
   * The observing phase went on: the first complete sweep ended at a time or, without it, a person ended the phase. The
   * control table says how.
   */
  z.object({ observing: z.object({ sweptAt: Instant.exactOptional() }) }),
  /** A later try is due at a time, for the reason that these findings have. */
  z.object({ retry: z.object({ role, due: Instant, findings: z.array(z.string()).max(1000) }) }),
]);
export type RollbackRequest = z.infer<typeof RollbackRequest>;
