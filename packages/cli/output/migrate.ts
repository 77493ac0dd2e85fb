import * as z from "zod";
import { schemaVersion } from "./json.ts";

const Items = z.strictObject({
  /** Items of the present schema. */
  current: z.number(),
  /** Items of an older schema. */
  old: z.number(),
  /** Roles with items of an older schema. */
  roles: z.number(),
});

/** What `migrate` prints with `--json`. */
export const MigrateOutput = z.strictObject({
  schema: schemaVersion,
  account: z.string(),
  /** The findings table. */
  table: z.string(),
  exitCode: z.literal([0, 1]),
  before: Items,
  after: Items,
  /** Keys of items that cannot be read and stay as they are. */
  unreadable: z.array(z.string()).readonly(),
});
export type MigrateOutput = z.infer<typeof MigrateOutput>;
