import { DriftSide } from "@drift-guard/core/model/evidence";
import { Part } from "@drift-guard/core/model/part";
import * as z from "zod";
import { RoleCheck } from "./check.ts";
import { schemaVersion } from "./json.ts";
import { StepOutput } from "./step.ts";

const sentences = z.array(z.string()).readonly();

/** A statement of a permissions policy. */
export const Statement = z
  .strictObject({
    Effect: z.literal("Allow"),
    Action: sentences,
    Resource: z.string(),
    Condition: z.record(z.string(), z.record(z.string(), z.string())).exactOptional(),
  })
  .readonly();

/** What became of a step; left out if nothing was to be carried out. */
const EnsureStepOutcome = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("done") }).readonly(),
  z
    .strictObject({
      status: z.literal("refused"),
      /** IAM's error code. */
      code: z.string(),
      why: z.string(),
      /** If the call was denied: the statements that allow it. */
      statements: z.array(Statement).readonly().exactOptional(),
    })
    .readonly(),
  z.strictObject({ status: z.literal("unanswered"), why: z.string() }).readonly(),
  z.strictObject({ status: z.literal("not tried") }).readonly(),
]);

/** One IAM call that makes a role as its reference says. */
const EnsureStep = z
  .strictObject({ ...StepOutput.unwrap().shape, outcome: EnsureStepOutcome.exactOptional() })
  .readonly();
export type EnsureStep = z.infer<typeof EnsureStep>;

/** The steps of one role. */
export const EnsureRole = z
  .strictObject({
    /** The role as it was last read: with --yes, after the steps. */
    check: RoleCheck,
    /** In the order in which they are carried out. */
    groups: z
      .array(
        z
          .strictObject({
            steps: z.array(EnsureStep).readonly(),
            /** What to consider before the steps. */
            warning: z.string().exactOptional(),
          })
          .readonly(),
      )
      .readonly(),
    /** Drifts that the steps do not fix, and what a person must do about each. */
    left: z.array(z.strictObject({ part: Part, side: DriftSide, why: z.string() }).readonly()).readonly(),
    /**
     * Why steps were not tried: the role changed after it was planned for (`changed`), the next steps have a warning
     * (`warning`), or a step before them failed (`failed`).
     */
    stopped: z.enum(["changed", "warning", "failed"]).exactOptional(),
    /** What AWS Batch uses the role for. */
    uses: sentences,
  })
  .readonly();
export type EnsureRole = z.infer<typeof EnsureRole>;

/** What `ensure --json` prints. */
export const EnsureOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  /** The endpoint that was asked, or `AWS`. */
  from: z.string(),
  exitCode: z.literal([0, 1, 2]),
  /** Whether a call was made that may have changed something. */
  changed: z.boolean(),
  roles: z.array(EnsureRole).readonly(),
});
