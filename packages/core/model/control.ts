import * as z from "zod";
import { Approval } from "./approval.ts";
import { Exception } from "./exception.ts";

/** People's decisions about a role, and what stops its rollbacks. */
export const Control = z
  .object({
    exceptions: z.array(Exception).readonly(),
    approvals: z.array(Approval).readonly(),
    /** Why rollbacks in the whole account are paused; left out if they are not. */
    paused: z.string().exactOptional(),
    /** Why rollbacks of this role have stopped, such as drift that keeps coming back; left out if they have not. */
    breaker: z.string().exactOptional(),
    /**
     * Why items were left out because they could not be read, one message for each, which names the item; left out if
     * every item was read. An item left out suppresses and approves nothing, and rollbacks of the role are refused.
     */
    unreadable: z.array(z.string()).readonly().exactOptional(),
  })
  .readonly();
export type Control = z.infer<typeof Control>;

/** The largest number of rollbacks in a window of time, for one role and for the whole account. */
export interface RollbackBudget {
  readonly perRole: number;
  readonly perAccount: number;
  readonly windowHours: number;
}
