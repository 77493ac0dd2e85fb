import * as z from "zod";
import { ConfigError } from "./errors.ts";

/** What may be done about drift on one side: nothing, after a person's approval, or at once. */
export const RollbackMode = z.enum(["off", "approve", "automatic"]);
export type RollbackMode = z.infer<typeof RollbackMode>;

/** How one role is guarded. */
export const GuardedRole = z.strictObject({
  /** Name of the built-in reference; the role's own name where left out. */
  reference: z.string().exactOptional(),
  /** Whether an absent role is a finding. */
  required: z.boolean().default(true),
  /** IAM paths that the role may stand at (2.8). The rollback function may write at these and no others. */
  paths: z
    .array(z.string().regex(/^\/(?:[\x21-\x7e]+\/)?$/, "must begin and end with /"))
    .default(["/", "/service-role/"]),
  /** Removing what is too much can break; restoring what is missing is a grant. Each is asked for apart. */
  rollback: z
    .strictObject({ excess: RollbackMode.default("off"), missing: RollbackMode.default("off") })
    .prefault({}),
});
export type GuardedRole = z.infer<typeof GuardedRole>;

const Config = z.strictObject({
  /** By role name. */
  roles: z.record(z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be a role name"), GuardedRole),
  regions: z
    .strictObject({
      /** Where the guard's tables, queues and functions live. */
      guard: z.string().default("us-east-1"),
      /** Where Batch runs: one rule in each forwards its events to the guard. */
      batch: z.array(z.string()).default(["us-east-1"]),
    })
    .prefault({}),
  /** Import findings into Security Hub, which the account must have enabled in the guard's region. */
  securityHub: z.boolean().default(false),
  /** Addresses that get the guard's messages by e-mail; other subscriptions can be made on the topic. */
  emails: z.array(z.email()).default([]),
  /** Hours between sweeps, which find what no event told. */
  sweepHours: z.number().int().min(1).max(24).default(6),
  /** Seconds until a role that changed is read again: IAM is eventually consistent. SQS delays 900 s at most. */
  recheckSeconds: z.number().int().min(1).max(900).default(120),
  /** How many rollbacks may be carried out in a window before the guard stops and asks. */
  budget: z
    .strictObject({
      perRole: z.number().int().min(1).default(3),
      perAccount: z.number().int().min(1).default(20),
      windowHours: z.number().int().min(1).default(1),
    })
    .prefault({}),
});

/** The owner's choices, complete. */
export type Config = z.infer<typeof Config>;
/** The owner's choices as written: what is left out gets its default. */
export type ConfigInput = z.input<typeof Config>;

/** Checks the owner's choices and fills in the defaults; throws `ConfigError` that names the path. */
export function defineConfig(input: ConfigInput): Config {
  const parsed = Config.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`drift-guard.config.ts is not valid.\n${z.prettifyError(parsed.error)}`);
}
