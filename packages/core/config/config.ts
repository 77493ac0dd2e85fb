import * as z from "zod";
import { ConfigError } from "../errors.ts";
import { Severity } from "../model/finding.ts";
import { sameRoleName } from "../model/role.ts";
import { builtInReferences, findReference } from "../reference/built-in.ts";
import { Reference, Strictness } from "../reference/reference.ts";

/** What may be done about drift on one side: nothing, after a person's approval, or at once. */
export const RollbackMode = z.enum(["off", "approve", "automatic"]);
export type RollbackMode = z.infer<typeof RollbackMode>;

/** How one role is guarded. */
export const GuardedRole = z.strictObject({
  /** Name of the reference, the owner's own or a built-in; the role's own name where left out. */
  reference: z.string().exactOptional(),
  /** Parts that are held more or less strictly than the reference says. */
  strictness: Strictness.unwrap().partial().default({}),
  /**
   * Policies that the role may have beside its reference's, whatever they hold: ARNs of managed ones and names of
   * inline ones; `*` stands for any text.
   */
  allowedPolicies: z.array(z.string().min(1)).default([]),
  /** The instance profile that must hold the role, where it is not the reference's. */
  profile: z.string().exactOptional(),
  /** Whether an absent role is a finding. */
  required: z.boolean().default(true),
  /** IAM paths that the role may stand at (2.8). The rollback function may write at these and no others. */
  paths: z
    .array(
      z.string().regex(
        // The path becomes part of a permission, where * ? and ${ stand for other text than themselves.
        /^\/(?:[\x21-\x23\x25-\x29\x2b-\x3e\x40-\x7e]+\/)?$/,
        "must begin and end with /, and hold no space, *, ? or $",
      ),
    )
    .default(["/", "/service-role/"]),
  /** Removing what is too much can break; restoring what is missing is a grant. Each is asked for apart. */
  rollback: z
    .strictObject({ excess: RollbackMode.default("off"), missing: RollbackMode.default("off") })
    .prefault({}),
});
export type GuardedRole = z.infer<typeof GuardedRole>;

/** What severities are given by: a drift's side, or the kind of other evidence. */
export const SeverityKey = z.enum([
  "excess",
  "missing",
  "altered",
  "undecided",
  "vendor-change",
  "note",
  "attempt",
  "impersonation",
]);
export type SeverityKey = z.infer<typeof SeverityKey>;

// Regions become part of ARNs in permissions.
const Region = z.string().regex(/^[a-z]{2,4}(?:-[a-z]+)+-\d+$/, "must be a region, such as us-east-1");

const TrustedActor = z
  .string()
  .regex(/^(?:\*$|arn:)/, "must be an ARN, in which * stands for any text")
  .refine((pattern) => !namesEverybody(pattern), {
    error:
      "means everybody, so that no change would be undone without approval: name the role or user behind it, such as arn:aws:iam::*:role/deploy, or set rollback to approve",
  });

// What comes after the account, or after the last colon where a * stands for the pieces before it.
function namesEverybody(pattern: string): boolean {
  const pieces = pattern.split(":");
  return /^\**$/.test(pieces.length > 5 ? pieces.slice(5).join(":") : (pieces.at(-1) ?? ""));
}

/** The owner's choices, as they are checked; `defineConfig` checks beside that whether they fit together. */
export const Config = z.strictObject({
  /** By role name. */
  roles: z.record(z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be a role name"), GuardedRole),
  /** The owner's own references; one with a built-in's name stands in its place. */
  references: z.array(Reference).default([]),
  /**
   * ARNs of principals, with `*` for any text, whose changes are told but never undone without a person's approval:
   * the role of a deployment pipeline, that would otherwise fight with the guard.
   */
  trustedActors: z.array(TrustedActor).default([]),
  /** Severities in place of the guard's own ratings. */
  severities: z.partialRecord(SeverityKey, Severity).default({}),
  regions: z
    .strictObject({
      /** Where the guard's tables, queues and functions live. */
      guard: Region.default("us-east-1"),
      /** Where Batch runs: one rule in each forwards its events to the guard. */
      batch: z.array(Region).default(["us-east-1"]),
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
      windowHours: z.number().int().min(1).max(720).default(1),
    })
    .prefault({}),
});

export type Config = z.infer<typeof Config>;
/** The owner's choices as written: what is left out gets its default. */
export type ConfigInput = z.input<typeof Config>;

/** Checks the owner's choices and fills in the defaults; throws `ConfigError` that names the path in `source`. */
export function defineConfig(input: ConfigInput, source = "drift-guard.config.ts"): Config {
  const parsed = FittingConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${source} is not valid.\n${z.prettifyError(parsed.error)}`);
}

/** Seconds that must pass between two clean reads before a finding resolves: half of the recheck's delay. */
export function settleSecondsOf({ recheckSeconds }: Pick<Config, "recheckSeconds">): number {
  return recheckSeconds / 2;
}

const FittingConfig = Config.superRefine((config, context) => {
  for (const [index, { role }] of config.references.entries()) {
    if (config.references.findIndex((other) => sameRoleName(other.role, role)) < index) {
      context.addIssue({
        code: "custom",
        path: ["references", index, "role"],
        message: `there is another reference ${role} before it`,
      });
    }
  }
  const names = Object.keys(config.roles);
  for (const [index, name] of names.entries()) {
    const first = names.slice(0, index).find((other) => sameRoleName(other, name));
    if (first === undefined) continue;
    context.addIssue({
      code: "custom",
      path: ["roles", name],
      message: `${first} and ${name} are one role to IAM: join the two`,
    });
  }
  for (const [name, { reference: wanted }] of Object.entries(config.roles)) {
    if (findReference(wanted ?? name, config.references)) continue;
    const known = [...config.references, ...builtInReferences()].map(({ role }) => role);
    context.addIssue({
      code: "custom",
      path: ["roles", name, ...(wanted === undefined ? [] : ["reference"])],
      message: `there is no reference ${wanted ?? name}; there are ${known.join(", ")}, and \`drift-guard reference capture ${name}\` writes one from the live role`,
    });
  }
});

/** The roles that are guarded where the owner chose none: those of the guide's three pages. */
export const defaultRoles: ConfigInput["roles"] = {
  AWSBatchServiceRole: {},
  // Batch makes it when it needs it: its absence means nothing (R17, R18).
  AWSServiceRoleForBatch: { required: false, paths: ["/aws-service-role/batch.amazonaws.com/"] },
  ecsTaskExecutionRole: {},
};
