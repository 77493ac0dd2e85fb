import * as z from "zod";
import { Instant, isBefore } from "./instant.ts";
import { Plan } from "./plan.ts";
import { Role } from "./role.ts";

const requestId = z.string().exactOptional();

/** How a step's call ended. */
export const StepOutcome = z.discriminatedUnion("status", [
  z
    .object({
      status: z.literal("done"),
      at: Instant,
      /** The request id in CloudTrail's record of the call. */
      requestId,
      /** Set if the SDK made the call more than once: an earlier call, with another request id, may have taken effect. */
      repeated: z.literal(true).exactOptional(),
    })
    .readonly(),
  z.object({ status: z.literal("refused"), at: Instant, requestId, code: z.string() }).readonly(),
  /** IAM gave no answer, and a later read shows the role as the step leaves it. */
  z.object({ status: z.literal("observed"), at: Instant }).readonly(),
  /** IAM gave no answer, and no read shows the effect: the step is tried again, or the rollback has ended. */
  z.object({ status: z.literal("unanswered"), at: Instant }).readonly(),
]);
export type StepOutcome = z.infer<typeof StepOutcome>;

/** One call of a rollback. It is stored before the call, and again with the outcome. A step tried twice has two. */
export const StepRecord = z
  .object({
    /** Index in the plan's steps. */
    step: z.number(),
    intendedAt: Instant,
    /** Left out while the call is made, and after a crash until a read shows what became of it. */
    outcome: StepOutcome.exactOptional(),
  })
  .readonly();
export type StepRecord = z.infer<typeof StepRecord>;

/** What a rollback was made of. It never changes. */
const origin = {
  plan: Plan,
  /** The role before the first step, so that a person can reverse the rollback. */
  before: Role,
};

const progress = {
  id: z.string(),
  startedAt: Instant,
  /** When a stranger could last begin a session, as it was known when the rollback was planned; left out if never. */
  exposedAt: Instant.exactOptional(),
  /** Session name of the function that carries it out; left out where calls have no session. */
  session: z.string().exactOptional(),
  steps: z.array(StepRecord).readonly(),
};
const running = {
  ...progress,
  status: z.literal("running"),
  /** The invocation that carries it out, and until when it holds the rollback. */
  runner: z.object({ id: z.string(), until: Instant }).readonly(),
};
const ended = {
  ...progress,
  endedAt: Instant,
  /** Set once the findings ledger shows what was done. */
  told: z.literal(true).exactOptional(),
};
const done = { ...ended, status: z.literal("done") };
const failed = { ...ended, status: z.literal("failed"), failure: z.string() };

/** A rollback without its plan and the role before it. */
export const RollbackProgress = z.discriminatedUnion("status", [
  z.object(running).readonly(),
  z.object(done).readonly(),
  z.object(failed).readonly(),
]);

/**
 * The execution of a plan. It is stored before its first call, so that the event of that call is recognised. A running one
 * belongs to one invocation until a time; after that, another may continue it.
 */
export const Rollback = z.discriminatedUnion("status", [
  z.object({ ...origin, ...running }).readonly(),
  z.object({ ...origin, ...done }).readonly(),
  z.object({ ...origin, ...failed }).readonly(),
]);
export type Rollback = z.infer<typeof Rollback>;
/** A rollback that has not ended. */
export type RunningRollback = Extract<Rollback, { status: "running" }>;
/** A rollback that has ended. */
export type EndedRollback = Exclude<Rollback, { status: "running" }>;

/** Returns the indexes of the steps that took effect, in order, each once. */
export function listEffective({ steps }: Pick<Rollback, "steps">): readonly number[] {
  const effective = steps.filter(
    ({ outcome }) => outcome?.status === "done" || outcome?.status === "observed",
  );
  return [...new Set(effective.map(({ step }) => step))];
}

/** Whether no invocation holds a running rollback at `now`: the one that held it was stopped. */
export function isAbandoned({ runner }: RunningRollback, now: Instant): boolean {
  return !isBefore(now, runner.until);
}
