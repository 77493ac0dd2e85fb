import * as z from "zod";
import { Instant } from "./instant.ts";
import { Plan } from "./plan.ts";
import { Role } from "./role.ts";

/** A step that was called; `requestId` is what CloudTrail's record of the call carries. */
export const StepDone = z
  .object({
    step: z.number(),
    at: Instant,
    requestId: z.string().exactOptional(),
    /** Set where IAM did not carry it out, or nobody knows whether it did. */
    failed: z.enum(["refused", "unanswered"]).exactOptional(),
  })
  .readonly();
export type StepDone = z.infer<typeof StepDone>;

const base = {
  id: z.string(),
  plan: Plan,
  /** The role before the first step, whole, so that a person can undo the rollback itself. */
  before: Role,
  startedAt: Instant,
  done: z.array(StepDone).readonly(),
};

/** One plan carried out. It is recorded before its first call, so that the call's own event is recognised. */
export const Rollback = z.discriminatedUnion("status", [
  z.object({ ...base, status: z.literal("running") }).readonly(),
  z.object({ ...base, status: z.literal("done"), endedAt: Instant }).readonly(),
  z.object({ ...base, status: z.literal("failed"), endedAt: Instant, failure: z.string() }).readonly(),
]);
export type Rollback = z.infer<typeof Rollback>;
