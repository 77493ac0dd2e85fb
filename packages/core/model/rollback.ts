import * as z from "zod";
import { Instant } from "./instant.ts";
import { Plan } from "./plan.ts";
import { Role } from "./role.ts";

/** A step whose call was made. */
export const StepDone = z
  .object({
    /** Index in the plan's steps. */
    step: z.number(),
    at: Instant,
    /** The request id in CloudTrail's record of the call. */
    requestId: z.string().exactOptional(),
    /** Set if IAM refused the call, or if no answer shows whether IAM carried it out. */
    failed: z.enum(["refused", "unanswered"]).exactOptional(),
  })
  .readonly();
export type StepDone = z.infer<typeof StepDone>;

const base = {
  id: z.string(),
  plan: Plan,
  /** The role before the first step, so that a person can reverse the rollback. */
  before: Role,
  startedAt: Instant,
  done: z.array(StepDone).readonly(),
};

/** The execution of a plan. It is stored before its first call, so that the event of that call is recognised. */
export const Rollback = z.discriminatedUnion("status", [
  z.object({ ...base, status: z.literal("running") }).readonly(),
  z.object({ ...base, status: z.literal("done"), endedAt: Instant }).readonly(),
  z.object({ ...base, status: z.literal("failed"), endedAt: Instant, failure: z.string() }).readonly(),
]);
export type Rollback = z.infer<typeof Rollback>;
