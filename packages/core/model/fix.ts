import * as z from "zod";
import { Step } from "./plan.ts";

const base = { role: z.string() };

/** A call that creates a role, or gives one to the instances of an instance profile. Documents are JSON text. */
const BuildStep = z.discriminatedUnion("call", [
  z
    .object({
      ...base,
      call: z.literal("iam:CreateRole"),
      path: z.string(),
      document: z.string(),
      /** ARN of the permissions boundary, which holds from the first moment. */
      boundary: z.string().exactOptional(),
      description: z.string().exactOptional(),
      /** Longest session, in seconds; an hour if left out. */
      maxSession: z.int().exactOptional(),
      /** By key. */
      tags: z.record(z.string(), z.string()).readonly().exactOptional(),
    })
    .readonly(),
  /** Creates the instance profile before, unless it exists. */
  z.object({ ...base, call: z.literal("iam:AddRoleToInstanceProfile"), profile: z.string() }).readonly(),
]);
export type BuildStep = z.infer<typeof BuildStep>;

/** One IAM call of a fix: a step of a rollback, or a call that only a person makes. Documents are JSON text. */
export const FixStep = z.discriminatedUnion("call", [
  ...Step.options,
  ...BuildStep.options,
  /** `service` is the service principal, such as `batch.amazonaws.com`. */
  z.object({ ...base, call: z.literal("iam:CreateServiceLinkedRole"), service: z.string() }).readonly(),
]);
export type FixStep = z.infer<typeof FixStep>;

/**
 * How a person fixes a drift: by IAM calls that were tried on a copy of the role, or in another way. A fix holds for the
 * role as it was read.
 */
export const Fix = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("steps"),
      steps: z.array(FixStep).readonly(),
      /** What to consider before the steps are carried out, as sentences. */
      warning: z.string().exactOptional(),
      /** What the steps do not fix and a person must do besides, as sentences; left out if they fix the whole drift. */
      leaves: z.string().exactOptional(),
    }),
    /** `why` says why no call is offered and what a person must do, as sentences. */
    z.object({ kind: z.literal("manual"), why: z.string() }),
  ])
  .readonly()
  .meta({ id: "Fix" });
export type Fix = z.infer<typeof Fix>;
