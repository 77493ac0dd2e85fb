import * as z from "zod";
import { schemaVersion } from "./json.ts";

/** What `doctor` prints with `--json`. */
export const DoctorOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  stage: z.string(),
  /** The guard's Region. */
  region: z.string(),
  exitCode: z.literal([0, 1, 2]),
  /** How many checks have each status. */
  counts: z.strictObject({ ok: z.number(), warning: z.number(), failed: z.number(), unknown: z.number() }),
  checks: z
    .array(
      z.strictObject({
        area: z.enum([
          "account",
          "trail",
          "rule",
          "queue",
          "function",
          "table",
          "schedule",
          "hub",
          "topic",
          "configuration",
        ]),
        /** The resource's name, or what else was looked at. */
        subject: z.string(),
        region: z.string(),
        status: z.enum(["ok", "warning", "failed", "unknown"]),
        /** What was found and what it means. */
        text: z.string(),
        /** What to do next; left out if the check is ok. */
        next: z.string().exactOptional(),
        /** A command that does it, or shows more. */
        command: z.string().exactOptional(),
      }),
    )
    .readonly(),
});
export type DoctorOutput = z.infer<typeof DoctorOutput>;
