import * as z from "zod";
import { schemaVersion } from "./json.ts";

/** What a command that answers the guard prints with `--json`. */
export const AnswerOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  /** The control table or the file that holds the answer. */
  control: z.string(),
  verb: z.enum([
    "approve",
    "undo",
    "suppress",
    "reopen",
    "evaluate",
    "pause",
    "resume",
    "enable",
    "reset",
    "close",
  ]),
  exitCode: z.literal([0, 1, 2]),
  /** Whether the guard recorded the answer. */
  recorded: z.boolean(),
  /** Who answered, as the guard recorded it. */
  by: z.string().exactOptional(),
  at: z.string().exactOptional(),
  /** Sentences for a person: what was decided, or why the guard refused it. */
  why: z.string(),
  /** What did not work after the answer was recorded. */
  warnings: z.array(z.string()).readonly(),
});
export type AnswerOutput = z.infer<typeof AnswerOutput>;
