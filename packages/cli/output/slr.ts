import { Deletion } from "@drift-guard/core/model/deletion";
import * as z from "zod";
import { schemaVersion } from "./json.ts";

const exitCode = z.literal([0, 1, 2]);
const standing = z.enum(["present", "unused", "absent", "absent-but-needed", "name-taken"]);

const observed = <Value extends z.ZodType>(value: Value) =>
  z.discriminatedUnion("observed", [
    z.strictObject({ observed: z.literal(true), value }).readonly(),
    z.strictObject({ observed: z.literal(false), why: z.string() }).readonly(),
  ]);

const lastUse = { at: z.string(), region: z.string().exactOptional() };

/** When the role was last used, and which services it called; some hours late, and kept for 400 days by IAM. */
const activity = z
  .strictObject({
    role: observed(z.strictObject(lastUse).readonly().nullable()),
    services: observed(z.array(z.strictObject({ ...lastUse, service: z.string() }).readonly()).readonly()),
  })
  .readonly();

const environment = z
  .strictObject({ region: z.string(), name: z.string(), state: z.string(), status: z.string() })
  .readonly();

const unreadRegion = { region: z.string(), why: z.string() };

const region = z.discriminatedUnion("status", [
  z
    .strictObject({
      region: z.string(),
      status: z.literal("read"),
      environments: z.array(environment).readonly(),
      queues: z
        .array(
          z
            .strictObject({
              region: z.string(),
              name: z.string(),
              environments: z.array(z.string()).readonly(),
            })
            .readonly(),
        )
        .readonly(),
    })
    .readonly(),
  z.strictObject({ ...unreadRegion, status: z.literal("unread") }).readonly(),
]);

/** The regions that a scan does not cover. */
const uncovered = {
  /** Regions that the account has not enabled, so that nothing there can use the role. */
  notEnabled: z.array(z.string()).readonly(),
  /** Regions of the partition that `--regions` left out. */
  leftOut: z.array(z.string()).readonly(),
  /** Why the account's regions could not be listed: every region that is known to have AWS Batch was then tried. */
  unlisted: z.string().exactOptional(),
};

const session = {
  schema: schemaVersion,
  account: z.string(),
  /** The endpoint that was asked, or `AWS`. */
  from: z.string(),
  role: z.string(),
  arn: z.string(),
};

/** What `slr status --json` prints. */
export const SlrStatusOutput = z.strictObject({
  ...session,
  exitCode,
  standing,
  exists: z.boolean(),
  path: z.string().exactOptional(),
  description: observed(z.string()).exactOptional(),
  activity: activity.exactOptional(),
  regions: z.array(region).readonly(),
  ...uncovered,
  /** The last deletion that was requested; `known` is false if IAM no longer knows the task. */
  deletion: z.strictObject({ ...Deletion.unwrap().shape, known: z.boolean() }).exactOptional(),
});

const step = {
  title: z.string(),
  command: z.array(z.string()).readonly(),
  /** How to wait for the step's end: the command prints one word, and `wanted` are the words that end the wait. */
  until: z.strictObject({
    words: z.string(),
    command: z.array(z.string()).readonly(),
    wanted: z.array(z.string()).readonly(),
  }),
  region: z.string(),
};

/** One step of `slr delete-plan --json`. */
export const SlrDeletePlanStep = z.discriminatedUnion("step", [
  z.strictObject({
    ...step,
    step: z.literal("detach-queue"),
    queue: z.string(),
    keeps: z.array(z.string()).readonly(),
  }),
  z.strictObject({ ...step, step: z.enum(["disable-queue", "delete-queue"]), queue: z.string() }),
  z.strictObject({
    ...step,
    step: z.enum(["disable-environment", "delete-environment", "await-environment"]),
    environment: z.string(),
  }),
  z.strictObject({
    step: z.literal("delete-role"),
    role: z.string(),
    command: z.array(z.string()).readonly(),
  }),
]);
export type SlrDeletePlanStep = z.infer<typeof SlrDeletePlanStep>;

/** What `slr delete-plan --json` prints. */
export const SlrDeletePlanOutput = z.strictObject({
  ...session,
  exitCode,
  standing,
  /** Always false: a plan changes nothing. */
  changed: z.literal(false),
  /** False if a region could not be read or was left out. */
  complete: z.boolean(),
  /** The regions that were scanned. */
  regions: z.array(z.string()).readonly(),
  ...uncovered,
  steps: z.array(SlrDeletePlanStep).readonly(),
  unread: z.array(z.strictObject(unreadRegion).readonly()).readonly(),
  activity: activity.exactOptional(),
});

/** What `slr delete --json` prints. */
export const SlrDeleteOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  role: z.string(),
  exitCode,
  outcome: z.enum(["not submitted", "deleted", "failed", "under way", "unknown"]),
  /** Sentences for a person: what happened, and what to do next. */
  why: z.string(),
  /** The command that follows or repeats the deletion. */
  next: z.string().exactOptional(),
  deletion: Deletion.exactOptional(),
  /** Why a use of the role may be hidden; the deletion was not submitted for these reasons. */
  doubts: z.array(z.string()).readonly().exactOptional(),
  /** After a failure: what still uses the role according to the scan, beside what IAM names. */
  left: z.array(environment).readonly().exactOptional(),
});

/** What `slr create --json` prints. */
export const SlrCreateOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  role: z.string(),
  exitCode,
  created: z.boolean(),
  why: z.string(),
});

/** What `slr describe --json` prints. */
export const SlrDescribeOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  role: z.string(),
  exitCode,
  changed: z.boolean(),
  /** The description before, if it could be read. */
  before: z.string().optional(),
  /** Left out if there is no such service-linked role. */
  description: z.string().exactOptional(),
});
