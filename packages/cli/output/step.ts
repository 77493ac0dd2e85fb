import { Grant } from "@drift-guard/core/model/grant";
import { Part } from "@drift-guard/core/model/part";
import * as z from "zod";

const grants = z.array(Grant).readonly();

/** One step of a plan, with its effect on the role that the steps before it leave. */
export const StepOutput = z
  .strictObject({
    /** The IAM call, such as `iam:AttachRolePolicy`. */
    call: z.string(),
    /** Left out for a call that creates a role, or puts it into an instance profile. */
    part: Part.exactOptional(),
    /** The state in which the step does what it is for, as one sentence. */
    expects: z.string(),
    /** Allowed after the step and not before. */
    gains: grants,
    /** Allowed before the step and not after. */
    losses: grants,
    deniesAdded: grants,
    deniesRemoved: grants,
    /** Changes that are no grants, what could not be decided, and what a person should know, as sentences. */
    notes: z.array(z.string()).readonly(),
    /** AWS CLI commands that do the same, each on one line; empty if one cannot be printed. */
    commands: z.array(z.string()).readonly(),
  })
  .readonly();
export type StepOutput = z.infer<typeof StepOutput>;
