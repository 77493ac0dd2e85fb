import * as z from "zod";
import { schemaVersion } from "./json.ts";

/** What `notify --test --json` prints. */
export const NotifyTestOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  stage: z.string(),
  exitCode: z.literal([0, 1, 2]),
  /** The test's id, which the message shows. */
  id: z.string(),
  /** When the guard sent the message to the topic; left out if it did not within a minute. */
  sentAt: z.string().exactOptional(),
  subscribers: z
    .array(z.strictObject({ protocol: z.string(), address: z.string(), confirmed: z.boolean() }))
    .readonly(),
});
export type NotifyTestOutput = z.infer<typeof NotifyTestOutput>;
